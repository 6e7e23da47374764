"use strict";

Redoc.init(
  "/openapi.json",
  { hideLoading: true, disableSearch: false, theme: { typography: { fontFamily: "sans-serif" } } },
  document.getElementById("documentation"),
);
