// Asks for the panel's password and says it to the agent, with the header that no page of elsewhere can send unasked.
const form = document.querySelector("form");
const password = document.querySelector("#password");
const said = document.querySelector("#said");
const button = document.querySelector("button");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  said.textContent = "";
  try {
    const answer = await fetch("/entrar", {
      method: "POST",
      headers: { "content-type": "application/json", "timbre-client": "panel" },
      body: JSON.stringify({ password: password.value }),
    });
    if (answer.ok) {
      location.replace("/");
      return;
    }
    said.textContent = (await answer.json()).detail;
  } catch {
    said.textContent = "Timbre no responde. Revise que su equipo esté encendido y en la misma red.";
  }
  button.disabled = false;
  password.select();
  password.focus();
});
