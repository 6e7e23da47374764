"use strict";

window.ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#documentation",
  deepLinking: true,
  layout: "BaseLayout",
  presets: [SwaggerUIBundle.presets.apis],
  // Asks a public server to judge the document, which must not leave this machine.
  validatorUrl: null,
});
