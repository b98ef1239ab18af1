// ts-mls as a client of the official MLS harness: one request on a line of standard input, one answer on a line
// of standard output, both JSON; {"b64": "..."} is a string of bytes.  The names of the requests and of their
// fields are those of mls_client.proto.  Whatever ts-mls refuses, or cannot do, is an answer with an `error`.
//
// Everything is done by ts-mls itself, but for what its interface leaves to the application: the key of an own
// Update (it makes none and keeps none), who counts as the same client (here: who has the same name), and which
// pre-shared keys there are.  Two deviations from RFC 9420 are bridged, or little could be tried: it writes the key
// of the extension external_pub with its length before it (section 12.4.3.2), ts-mls without; and it wants the keys
// of ECDSA as uncompressed points (section 5.1.1), where those that ts-mls makes are compressed.
import { ECDH } from "node:crypto";
import { createInterface } from "node:readline";
import {
  branchGroup,
  ciphersuites,
  createApplicationMessage,
  createCommit,
  createGroup,
  createGroupInfoWithExternalPub,
  createProposal,
  decodeMlsMessage,
  defaultAuthenticationService,
  defaultCapabilities,
  defaultExtensionTypes,
  defaultKeyRetentionConfig,
  defaultLifetime,
  defaultLifetimeConfig,
  defaultPaddingConfig,
  encodeGroupState,
  encodeMlsMessage,
  generateKeyPackageWithKey,
  getCiphersuiteFromName,
  getCiphersuiteImpl,
  joinGroup,
  joinGroupExternal,
  joinGroupFromBranch,
  joinGroupFromReinit,
  makePskIndex,
  mlsExporter,
  processPrivateMessage,
  processPublicMessage,
  proposeAddExternal,
  reinitCreateNewGroup,
} from "ts-mls";
import { createGroupInfo } from "ts-mls/createCommit.js";
import { signLeafNodeCommit } from "ts-mls/leafNode.js"; // signs a leaf of any source, whatever its name
import { decodeRatchetTree, encodeRatchetTree } from "ts-mls/ratchetTree.js";

const SPOKEN = [1, 2, 3, 4, 5, 6, 7];
const CURVES = { 2: "prime256v1", 5: "secp521r1", 7: "secp384r1" };
const HOUSE_EXTENSIONS = [0xf001];

const fail = (sentence) => {
  throw new Error(sentence);
};
const base64 = (bytes) => Buffer.from(bytes).toString("base64");
const same = (one, other) => Buffer.compare(one, other) === 0;
const nothing = new Uint8Array();

// --- what is remembered ----------------------------------------------------------------------------

const things = new Map();
const keep = (thing) => {
  things.set(things.size + 1, thing);
  return things.size;
};
const find = (number) => things.get(number) ?? fail("nothing is known under that number");

// --- suites, names, messages -----------------------------------------------------------------------

const nameOf = (number) => Object.keys(ciphersuites).find((name) => ciphersuites[name] === number);
const suites = new Map();
const suiteOf = async (name) => {
  if (!suites.has(name)) suites.set(name, await getCiphersuiteImpl(getCiphersuiteFromName(name)));
  return suites.get(name);
};
const suiteIn = (state) => suiteOf(state.groupContext.cipherSuite);

const sameName = (one, other) => same(one.leafNode.credential.identity, (other.leafNode ?? other).credential.identity);
const config = {
  keyRetentionConfig: defaultKeyRetentionConfig,
  lifetimeConfig: defaultLifetimeConfig,
  keyPackageEqualityConfig: { compareKeyPackages: sameName, compareKeyPackageToLeafNode: sameName },
  paddingConfig: defaultPaddingConfig,
  authService: defaultAuthenticationService,
};

const wrapped = (wireformat, field, value) => encodeMlsMessage({ version: "mls10", wireformat, [field]: value });
const read = (bytes, ...wireformats) => {
  const [message, length] = decodeMlsMessage(bytes, 0) ?? fail("this is no message");
  if (length !== bytes.length) fail("there are bytes after the message");
  return wireformats.includes(message.wireformat) ? message : fail("this is another kind of message");
};
const readTree = (bytes) => (bytes.length ? decodeRatchetTree(bytes, 0)[0] : undefined);
const readPackage = (bytes) => read(bytes, "mls_key_package").keyPackage;

const named = (type) => Object.keys(defaultExtensionTypes).find((name) => defaultExtensionTypes[name] === type) ?? type;
const extensionsOf = (given) =>
  given.map((one) => ({ extensionType: named(one.extension_type), extensionData: one.extension_data }));

const uncompressed = (point, curve) =>
  Uint8Array.from(ECDH.convertKey(point, curve, undefined, undefined, "uncompressed"));
const pack = async (suite, identity) => {
  const able = defaultCapabilities();
  const capabilities = { ...able, extensions: [...able.extensions, ...HOUSE_EXTENSIONS] };
  const keys = await suite.signature.keygen();
  const curve = CURVES[ciphersuites[suite.name]];
  if (curve) keys.publicKey = uncompressed(keys.publicKey, curve);
  const credential = { credentialType: "basic", identity };
  const made = await generateKeyPackageWithKey(credential, capabilities, defaultLifetime, [], keys, suite);
  return { ...made, suite, psks: {} };
};
const shown = (packed) => ({
  transaction_id: keep(packed),
  init_priv: packed.privatePackage.initPrivateKey,
  encryption_priv: packed.privatePackage.hpkePrivateKey,
  signature_priv: packed.privatePackage.signaturePrivateKey,
});

// A key with its length before it, as a vector of RFC 9420 (section 2.1.2), and back; none has 16,384 bytes.
const vector = (key) => {
  const length = key.length < 64 ? [key.length] : [0x40 | (key.length >> 8), key.length & 0xff];
  return Uint8Array.from([...length, ...key]);
};
const bare = (key) => key.subarray(key[0] < 64 ? 1 : 2);
const describe = async (state, inside) => {
  const suite = await suiteIn(state);
  const { publicKey } = await suite.hpke.deriveKeyPair(state.keySchedule.externalSecret);
  const key = vector(await suite.hpke.exportPublicKey(publicKey));
  const tree = { extensionType: "ratchet_tree", extensionData: encodeRatchetTree(state.ratchetTree) };
  const extensions = [{ extensionType: "external_pub", extensionData: key }, ...(inside ? [tree] : [])];
  return createGroupInfo(state.groupContext, state.confirmationTag, state, extensions, suite);
};
const readingVector = (suite, groupInfo) => {
  const shown = groupInfo.extensions.find(({ extensionType }) => extensionType === "external_pub")?.extensionData;
  const importPublicKey = (key) => suite.hpke.importPublicKey(key === shown ? bare(key) : key);
  return { ...suite, hpke: { ...suite.hpke, importPublicKey } };
};

// --- members ---------------------------------------------------------------------------------------

// `sent` are the own proposals by their bytes; `renewals` the private keys of own Updates by their public keys.
const seated = (state, encrypt, psks) => {
  const seat = { state, encrypt, psks, sent: new Set(), renewals: new Map(), pending: undefined };
  return { state_id: keep(seat), epoch_authenticator: state.keySchedule.epochAuthenticator };
};
const leafOf = (state, identity) => {
  const isTheirs = (node) => node?.nodeType === "leaf" && same(node.leaf.credential.identity, identity);
  const at = state.ratchetTree.findIndex(isTheirs);
  return at < 0 ? fail("nobody of that name is in the group") : at / 2;
};

const described = async (state, ask) => {
  const suite = await suiteIn(state);
  const pskNonce = suite.rng.randomBytes(suite.kdf.size);
  const psk = (preSharedKeyId) => ({ proposalType: "psk", psk: { preSharedKeyId: { ...preSharedKeyId, pskNonce } } });
  switch (Buffer.from(ask.proposal_type).toString()) {
    case "add":
      return { proposalType: "add", add: { keyPackage: readPackage(ask.key_package) } };
    case "remove":
      return { proposalType: "remove", remove: { removed: leafOf(state, ask.removed_id) } };
    case "externalPSK":
      return psk({ psktype: "external", pskId: ask.psk_id });
    case "resumptionPSK": {
      const pskGroupId = state.groupContext.groupId;
      return psk({ psktype: "resumption", usage: "application", pskGroupId, pskEpoch: BigInt(ask.epoch_id) });
    }
    case "groupContextExtensions":
      return {
        proposalType: "group_context_extensions",
        groupContextExtensions: { extensions: extensionsOf(ask.extensions) },
      };
    case "reinit": {
      const [cipherSuite, extensions] = [nameOf(ask.cipher_suite), extensionsOf(ask.extensions)];
      return { proposalType: "reinit", reinit: { groupId: ask.group_id, version: "mls10", cipherSuite, extensions } };
    }
    default:
      return fail("a proposal of an unknown kind");
  }
};

const propose = async (seat, proposal) => {
  const made = await createProposal(seat.state, !seat.encrypt, proposal, await suiteIn(seat.state));
  seat.state = made.newState;
  const message = encodeMlsMessage(made.message);
  seat.sent.add(base64(message));
  return { proposal: message };
};
const proposes = (kind) => async (ask) => {
  const seat = find(ask.state_id);
  return propose(seat, await described(seat.state, { ...ask, proposal_type: Buffer.from(kind) }));
};

// The state after a message; a commit that names an own Update is processed with the private key of that Update.
const after = async (seat, bytes) => {
  const message = read(bytes, "mls_private_message", "mls_public_message");
  const [suite, psks] = [await suiteIn(seat.state), makePskIndex(seat.state, seat.psks)];
  const privateKeys = { ...seat.state.privatePath.privateKeys };
  const own = seat.state.privatePath.leafIndex;
  const renewed = (incoming) => {
    for (const { proposal, senderLeafIndex } of incoming.kind === "commit" ? incoming.proposals : [])
      if (proposal.proposalType === "update" && senderLeafIndex === own)
        privateKeys[2 * own] = seat.renewals.get(base64(proposal.update.leafNode.hpkePublicKey));
    return "accept";
  };
  const state = { ...seat.state, privatePath: { ...seat.state.privatePath, privateKeys } };
  return message.wireformat === "mls_private_message"
    ? processPrivateMessage(state, message.privateMessage, psks, suite, renewed)
    : processPublicMessage(state, message.publicMessage, psks, suite, renewed);
};
const hear = async (seat, proposals) => {
  for (const message of proposals)
    if (!seat.sent.has(base64(message))) seat.state = (await after(seat, message)).newState;
};
const follow = async (ask) => {
  const seat = find(ask.state_id);
  await hear(seat, ask.proposal);
  const before = seat.state.groupContext.epoch;
  const { newState } = await after(seat, ask.commit);
  if (newState.groupActiveState.kind === "removedFromGroup") fail("this member was removed");
  if (newState.groupContext.epoch === before) fail("this is no commit");
  return [seat, newState];
};
const taken = (ask) => {
  const seat = find(ask.state_id);
  return [seat, seat.pending ?? fail("no own commit waits")];
};

const commit = async (ask) => {
  const seat = find(ask.state_id);
  await hear(seat, ask.by_reference);
  const extraProposals = [];
  for (const one of ask.by_value) extraProposals.push(await described(seat.state, one));
  const made = await createCommit(
    { state: seat.state, cipherSuite: await suiteIn(seat.state), pskIndex: makePskIndex(seat.state, seat.psks) },
    { wireAsPublicMessage: !seat.encrypt, extraProposals, ratchetTreeExtension: !ask.external_tree },
  );
  seat.pending = made.newState;
  return {
    commit: encodeMlsMessage(made.commit),
    welcome: made.welcome ? wrapped("mls_welcome", "welcome", made.welcome) : nothing,
    ratchet_tree: ask.external_tree ? encodeRatchetTree(made.newState.ratchetTree) : nothing,
  };
};

// --- groups that go on -----------------------------------------------------------------------------

const ended = async (seat, state) => {
  const { kind, reinit } = state.groupActiveState;
  if (kind !== "suspendedPendingReinit") fail("the group goes on");
  const identity = state.ratchetTree[2 * state.privatePath.leafIndex].leaf.credential.identity;
  const packed = await pack(await suiteOf(reinit.cipherSuite), identity);
  return {
    reinit_id: keep({ seat: { ...seat, state }, packed }),
    key_package: wrapped("mls_key_package", "keyPackage", packed.publicPackage),
    epoch_authenticator: state.keySchedule.epochAuthenticator,
  };
};
// ts-mls puts no tree into the Welcome of such a group: it is handed over beside it.
const founded = (made, seat) => ({
  welcome: wrapped("mls_welcome", "welcome", made.welcome),
  ratchet_tree: encodeRatchetTree(made.newState.ratchetTree),
  ...seated({ ...made.newState, clientConfig: config }, seat.encrypt, seat.psks),
});

// --- the requests ----------------------------------------------------------------------------------

const rpcs = {
  Name: () => ({ name: "ts-mls" }),
  SupportedCiphersuites: () => ({ ciphersuites: SPOKEN }),
  CreateGroup: async (ask) => {
    const suite = await suiteOf(nameOf(ask.cipher_suite));
    const { publicPackage, privatePackage } = await pack(suite, ask.identity);
    const state = await createGroup(ask.group_id, publicPackage, privatePackage, [], suite, config);
    return seated(state, ask.encrypt_handshake, {});
  },
  CreateKeyPackage: async (ask) => {
    const packed = await pack(await suiteOf(nameOf(ask.cipher_suite)), ask.identity);
    return { key_package: wrapped("mls_key_package", "keyPackage", packed.publicPackage), ...shown(packed) };
  },
  JoinGroup: async (ask) => {
    const packed = find(ask.transaction_id);
    const { welcome } = read(ask.welcome, "mls_welcome");
    const [keys, psks] = [[packed.publicPackage, packed.privatePackage], makePskIndex(undefined, packed.psks)];
    const state = await joinGroup(welcome, ...keys, psks, packed.suite, readTree(ask.ratchet_tree), undefined, config);
    return seated(state, ask.encrypt_handshake, packed.psks);
  },
  ExternalJoin: async (ask) => {
    if (ask.psks.length) fail("ts-mls brings no pre-shared key into an external commit");
    const { groupInfo } = read(ask.group_info, "mls_group_info");
    const suite = await suiteOf(groupInfo.groupContext.cipherSuite);
    const { publicPackage, privatePackage } = await pack(suite, ask.identity);
    const [reading, tree] = [readingVector(suite, groupInfo), readTree(ask.ratchet_tree)];
    const given = [groupInfo, publicPackage, privatePackage, ask.remove_prior, reading, tree, config];
    const { publicMessage, newState } = await joinGroupExternal(...given);
    const sent = wrapped("mls_public_message", "publicMessage", publicMessage);
    return { commit: sent, ...seated(newState, ask.encrypt_handshake, {}) };
  },
  GroupInfo: async (ask) => {
    const { state } = find(ask.state_id);
    const groupInfo = await describe(state, !ask.external_tree);
    const tree = ask.external_tree ? encodeRatchetTree(state.ratchetTree) : nothing;
    return { group_info: wrapped("mls_group_info", "groupInfo", groupInfo), ratchet_tree: tree };
  },
  StateAuth: (ask) => ({ state_auth_secret: find(ask.state_id).state.keySchedule.epochAuthenticator }),
  Export: async (ask) => {
    const { state } = find(ask.state_id);
    const use = [ask.label, ask.context, ask.key_length];
    return { exported_secret: await mlsExporter(state.keySchedule.exporterSecret, ...use, await suiteIn(state)) };
  },
  Protect: async (ask) => {
    const seat = find(ask.state_id);
    const suite = await suiteIn(seat.state);
    const made = await createApplicationMessage(seat.state, ask.plaintext, suite, ask.authenticated_data);
    seat.state = made.newState;
    return { ciphertext: wrapped("mls_private_message", "privateMessage", made.privateMessage) };
  },
  Unprotect: async (ask) => {
    const seat = find(ask.state_id);
    const opened = await after(seat, ask.ciphertext);
    if (opened.kind !== "applicationMessage") fail("this is no application message");
    seat.state = opened.newState;
    const { authenticatedData } = read(ask.ciphertext, "mls_private_message").privateMessage;
    return { authenticated_data: authenticatedData, plaintext: opened.message };
  },
  StorePSK: (ask) => {
    find(ask.state_or_transaction_id).psks[base64(ask.psk_id)] = ask.psk_secret;
    return {};
  },
  AddProposal: proposes("add"),
  RemoveProposal: proposes("remove"),
  ExternalPSKProposal: proposes("externalPSK"),
  ResumptionPSKProposal: proposes("resumptionPSK"),
  GroupContextExtensionsProposal: proposes("groupContextExtensions"),
  ReInitProposal: proposes("reinit"),
  UpdateProposal: async (ask) => {
    const seat = find(ask.state_id);
    const { groupContext, privatePath, ratchetTree, signaturePrivateKey } = seat.state;
    const suite = await suiteIn(seat.state);
    const { publicKey, privateKey } = await suite.hpke.generateKeyPair();
    const hpkePublicKey = await suite.hpke.exportPublicKey(publicKey);
    const { signaturePublicKey, credential, capabilities, extensions } = ratchetTree[2 * privatePath.leafIndex].leaf;
    const place = { groupId: groupContext.groupId, leafIndex: privatePath.leafIndex };
    const leaf = { leafNodeSource: "update", hpkePublicKey, signaturePublicKey, credential, capabilities, extensions };
    const leafNode = await signLeafNodeCommit({ ...leaf, ...place }, signaturePrivateKey, suite.signature);
    seat.renewals.set(base64(hpkePublicKey), await suite.hpke.exportPrivateKey(privateKey));
    return propose(seat, { proposalType: "update", update: { leafNode } });
  },
  Commit: commit,
  ReInitCommit: commit,
  HandleCommit: async (ask) => {
    const [seat, state] = await follow(ask);
    return seated(state, seat.encrypt, seat.psks);
  },
  HandlePendingCommit: (ask) => {
    const [seat, state] = taken(ask);
    return seated(state, seat.encrypt, seat.psks);
  },
  HandleReInitCommit: async (ask) => ended(...(await follow(ask))),
  HandlePendingReInitCommit: async (ask) => ended(...taken(ask)),
  ReInitWelcome: async (ask) => {
    const { seat, packed } = find(ask.reinit_id);
    const { groupId, cipherSuite, extensions } = seat.state.groupActiveState.reinit;
    const [keys, others] = [[packed.publicPackage, packed.privatePackage], ask.key_package.map(readPackage)];
    return founded(await reinitCreateNewGroup(seat.state, ...keys, others, groupId, cipherSuite, extensions), seat);
  },
  HandleReInitWelcome: async (ask) => {
    const { seat, packed } = find(ask.reinit_id);
    const { welcome } = read(ask.welcome, "mls_welcome");
    const keys = [packed.publicPackage, packed.privatePackage];
    const state = await joinGroupFromReinit(seat.state, welcome, ...keys, readTree(ask.ratchet_tree));
    return seated({ ...state, clientConfig: config }, seat.encrypt, seat.psks);
  },
  CreateBranch: async (ask) => {
    if (ask.extensions.length) fail("ts-mls gives a branch the extensions of its group");
    const seat = find(ask.state_id);
    const suite = await suiteIn(seat.state);
    const { identity } = seat.state.ratchetTree[2 * seat.state.privatePath.leafIndex].leaf.credential;
    const { publicPackage, privatePackage } = await pack(suite, identity);
    const others = ask.key_packages.map(readPackage);
    return founded(await branchGroup(seat.state, publicPackage, privatePackage, others, ask.group_id, suite), seat);
  },
  HandleBranch: async (ask) => {
    const [seat, packed] = [find(ask.state_id), find(ask.transaction_id)];
    const { welcome } = read(ask.welcome, "mls_welcome");
    const keys = [packed.publicPackage, packed.privatePackage];
    const state = await joinGroupFromBranch(seat.state, welcome, ...keys, readTree(ask.ratchet_tree), packed.suite);
    return seated({ ...state, clientConfig: config }, seat.encrypt, seat.psks);
  },
  NewMemberAddProposal: async (ask) => {
    const { groupInfo } = read(ask.group_info, "mls_group_info");
    const packed = await pack(await suiteOf(groupInfo.groupContext.cipherSuite), ask.identity);
    const message = await proposeAddExternal(groupInfo, packed.publicPackage, packed.privatePackage, packed.suite);
    return { proposal: encodeMlsMessage(message), ...shown(packed) };
  },
  Free: (ask) => {
    things.set(ask.state_id, undefined);
    return {};
  },
  // Two more, not of the harness: all that ts-mls would store of a member, for tests that show that a refusal
  // changes nothing; and the GroupInfo as ts-mls itself writes it.
  State: (ask) => ({ state: encodeGroupState(find(ask.state_id).state) }),
  OwnGroupInfo: async (ask) => {
    const { state } = find(ask.state_id);
    const groupInfo = await createGroupInfoWithExternalPub(state, [], await suiteIn(state));
    const tree = encodeRatchetTree(state.ratchetTree);
    return { group_info: wrapped("mls_group_info", "groupInfo", groupInfo), ratchet_tree: tree };
  },
};

// --- the lines -------------------------------------------------------------------------------------

const revive = (_name, value) =>
  typeof value?.b64 === "string" ? Uint8Array.from(Buffer.from(value.b64, "base64")) : value;
const write = (_name, value) => (value instanceof Uint8Array ? { b64: base64(value) } : value);

for await (const line of createInterface({ input: process.stdin })) {
  const { rpc, ask } = JSON.parse(line, revive);
  let said;
  try {
    said = await (rpcs[rpc] ?? (() => fail(`ts-mls does not do ${rpc}`)))(ask);
  } catch (error) {
    said = { error: `${error.name}: ${error.message}` };
  }
  process.stdout.write(`${JSON.stringify(said, write)}\n`);
}
