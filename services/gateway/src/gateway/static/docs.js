"use strict";

window.ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#documentation",
  deepLinking: true,
  layout: "BaseLayout",
  presets: [SwaggerUIBundle.presets.apis],
  // The validator is a public server, and the document must not leave this machine.
  validatorUrl: null,
});
