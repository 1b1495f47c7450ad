/** Making and changing elements. Text is set as text, always: what comes from a venue never becomes markup. */

export interface Props {
  readonly class?: string
  readonly text?: string
  readonly title?: string
  readonly attributes?: Readonly<Record<string, string>>
}

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: readonly Node[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  if (props.class !== undefined) element.className = props.class
  if (props.text !== undefined) element.textContent = plain(props.text)
  if (props.title !== undefined) element.title = props.title
  for (const [name, value] of Object.entries(props.attributes ?? {})) element.setAttribute(name, value)
  element.append(...children)
  return element
}

/** The element of the skeleton with this id. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`the page has no element "${id}"`)
  return element as T
}

/** Marks that turn the direction of text: in a name of others they would turn our words around it too. */
const DIRECTION_MARKS = /\p{Bidi_Control}/gu

/** Touches the document only when the text differs. */
export function setText(element: Element, text: string): void {
  const shown = plain(text)
  if (element.textContent !== shown) element.textContent = shown
}

function plain(text: string): string {
  return text.replace(DIRECTION_MARKS, '\ufffd')
}

export function setClass(element: Element, name: string): void {
  if (element.className !== name) element.className = name
}

export function setAttribute(element: Element, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value)
}

export function setHidden(element: HTMLElement, isHidden: boolean): void {
  if (element.hidden !== isHidden) element.hidden = isHidden
}

/** A custom property for the style sheet, which does the drawing. */
export function setVariable(element: HTMLElement, name: string, value: string): void {
  if (element.style.getPropertyValue(name) !== value) element.style.setProperty(name, value)
}

/** As many children as items, reused by place: a list that moves on rewrites texts and makes no elements. */
export function syncChildren<T, E extends HTMLElement>(
  container: HTMLElement,
  items: readonly T[],
  create: () => E,
  update: (element: E, item: T, index: number) => void,
): void {
  while (container.children.length > items.length) container.lastElementChild?.remove()
  while (container.children.length < items.length) container.append(create())
  items.forEach((item, index) => {
    update(container.children[index] as E, item, index)
  })
}

/** Children of a row made by `create`, by place. */
export function child<E extends HTMLElement = HTMLElement>(element: Element, index: number): E {
  return element.children[index] as E
}

/** Options of a selection, kept as it is when they did not change. */
export function syncOptions(
  select: HTMLSelectElement,
  options: readonly { readonly value: string; readonly text: string; readonly group?: string }[],
  chosen: string,
): void {
  const wanted = JSON.stringify(options)
  if (select.dataset['options'] !== wanted) {
    select.dataset['options'] = wanted
    select.replaceChildren()
    let parent: HTMLElement = select
    let group: string | undefined
    for (const option of options) {
      if (option.group !== undefined && option.group !== group) {
        group = option.group
        parent = h('optgroup', { attributes: { label: group } })
        select.append(parent)
      }
      parent.append(h('option', { text: option.text, attributes: { value: option.value } }))
    }
  }
  if (select.value !== chosen) select.value = chosen
}
