// Scalar writes style elements and style attributes, which the policy of the page would
// have to allow for everything else, too ('unsafe-inline'). A style element gets the
// page's nonce instead, and a style attribute is set as a property, which a policy need
// not allow: so what an attacker could inject as markup has no style, and still no script.
{
  const { nonce } = document.currentScript;

  const createElement = Document.prototype.createElement;
  Document.prototype.createElement = function (name, options) {
    const element = createElement.call(this, name, options);
    if (element instanceof HTMLStyleElement) element.nonce = nonce;
    return element;
  };

  const setAttribute = Element.prototype.setAttribute;
  Element.prototype.setAttribute = function (name, value) {
    if (name === 'style') this.style.cssText = value;
    else setAttribute.call(this, name, value);
  };

  const innerHTML = Object.getOwnPropertyDescriptor(Element.prototype, 'innerHTML');
  Object.defineProperty(Element.prototype, 'innerHTML', {
    ...innerHTML,
    set(html) {
      innerHTML.set.call(this, String(html).replaceAll(/(<[^<>]*\s)style=/g, '$1data-style='));
      for (const element of (this.content ?? this).querySelectorAll('[data-style]')) {
        element.style.cssText = element.dataset.style;
        delete element.dataset.style;
      }
    },
  });

  // Zod would try whether the policy allows to compile code from text, and be reported.
  globalThis.__zod_globalConfig = { jitless: true };
}
