// What is said.

/** The message for a product that was published; with a link if the shop has said where it is. */
export function messageFor(product, storefront) {
  const title = escaped(product.title);
  const link = storefront
    ? `<${storefront.replace(/[/]+$/, "")}/products/${encodeURIComponent(product.handle)}|${title}>`
    : `*${title}*`;
  return { text: `New in the shop: ${link}` };
}

/** Slack's own marks, as it wants them in text. */
function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
