// Makes a passkey and signs in with one.  What the house says is shown as words, never as markup.
(() => {
  "use strict";
  const door = document.querySelector("[data-passkey]");
  if (!door) return;
  const button = door.querySelector("button");
  const said = door.querySelector("[role=status]");
  const base64 = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
  const bytes = (urls) => Uint8Array.from(atob(urls.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));

  const post = async (path, value) => {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(value) });
    const content = answer.status === 204 ? {} : await answer.json();
    if (!answer.ok) throw new Error(content.sentence || "The house did not take that.");
    return content;
  };

  const make = async (asked) => {
    const made = await navigator.credentials.create({
      publicKey: {
        challenge: bytes(asked.challenge),
        rp: { id: asked.rp, name: door.dataset.house },
        user: {
          id: crypto.getRandomValues(new Uint8Array(32)),
          name: door.dataset.office,
          displayName: `${door.dataset.office}, ${door.dataset.house}`,
        },
        pubKeyCredParams: [{ type: "public-key", alg: -7 }, { type: "public-key", alg: -8 }],
        authenticatorSelection: { residentKey: "required", userVerification: "required" },
        attestation: "none",
        timeout: 120000,
      },
    });
    await post("/api/v1/passkeys", {
      link: door.dataset.passkey,
      challenge: base64(bytes(asked.challenge)),
      authenticator_data: base64(made.response.getAuthenticatorData()),
      client_data: base64(made.response.clientDataJSON),
    });
    location.assign("/sign-in");
  };

  const answer = async (asked) => {
    const given = await navigator.credentials.get({
      publicKey: { challenge: bytes(asked.challenge), rpId: asked.rp, userVerification: "required", timeout: 120000 },
    });
    await post("/sign-in", {
      challenge: base64(bytes(asked.challenge)),
      credential: base64(given.rawId),
      answer: {
        authenticator_data: base64(given.response.authenticatorData),
        client_data: base64(given.response.clientDataJSON),
        signature: base64(given.response.signature),
      },
    });
    location.assign("/");
  };

  if (!window.PublicKeyCredential || location.origin !== door.dataset.origin) {
    button.disabled = true;
    door.querySelector("[data-elsewhere]").hidden = false;
    return;
  }
  button.addEventListener("click", async () => {
    button.disabled = true;
    said.textContent = "";
    try {
      const asked = await post("/api/v1/session/challenge", {});
      await (door.dataset.passkey ? make(asked) : answer(asked));
    } catch (error) {
      const given_up = error.name === "NotAllowedError";
      said.textContent = given_up ? "The passkey was not given. Nothing was done." : error.message;
      button.disabled = false;
    }
  });
})();
