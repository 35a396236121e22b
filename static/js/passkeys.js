// Forms that a passkey answers: the browser asks its owner, and the answer travels in the form.
for (const form of document.querySelectorAll("form[data-passkey]")) {
  const button = form.querySelector("button");
  const refuse = () => { form.querySelector("[data-refused]").hidden = false; };

  async function answer() {
    const options = JSON.parse(form.dataset.options);
    if (form.dataset.passkey === "make") {
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
      return navigator.credentials.create({ publicKey });
    }
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
    return navigator.credentials.get({ publicKey });
  }

  form.addEventListener("submit", async (event) => {
    if (form.elements.answer.value) return;
    event.preventDefault();
    if (!globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON) {
      refuse();
      return;
    }
    button.disabled = true;
    try {
      form.elements.answer.value = JSON.stringify((await answer()).toJSON());
      form.requestSubmit();
    } catch {
      refuse();
    } finally {
      button.disabled = false;
    }
  });
}
