"""What an eye or a finger would stumble over on an open page, measured: what axe-core does not look at.

Each function gives sentences about what is wrong, none when all is well.
"""

from playwright.async_api import Page

FINGER = 44

TARGETS = """(finger) => {
    const pressed = "a[href], button, input:not([type=hidden]), select, textarea, summary";
    const faults = [];
    for (const element of document.querySelectorAll(pressed)) {
        if (!element.checkVisibility() || element.closest(".sr, .skip")) continue;
        if (element.closest(".strip :is(h2, h3, h4)")) continue;  // its link covers the whole strip
        const block = element.parentElement.closest("p, li, dd, td, th, h1, h2, h3, h4, div, section");
        const inline = getComputedStyle(element).display === "inline";
        if (inline && block && block.textContent.trim() !== element.textContent.trim()) continue;  // in a sentence
        const box = (element.closest("label") || element).getBoundingClientRect();
        if (Math.round(box.height) < finger || Math.round(box.width) < 24)
            faults.push(`${element.tagName.toLowerCase()} “${element.textContent.trim().slice(0, 40)}” is `
                + `${Math.round(box.width)} × ${Math.round(box.height)} px`);
    }
    return faults;
}"""

OVERFLOW = """() => {
    const faults = [];
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth > width)
        faults.push(`the page is ${document.documentElement.scrollWidth} px wide in a window of ${width}`);
    const allowed = ".long-table, .poster > .drawing, .sr, .skip, .scrolls, .sheet, svg *";
    const named = (element) => `${element.tagName.toLowerCase()}.${element.getAttribute("class") || ""} `
        + `“${element.textContent.trim().slice(0, 30)}”`;
    for (const element of document.querySelectorAll("body *")) {
        if (element.closest(allowed) || !element.checkVisibility()) continue;
        const box = element.getBoundingClientRect();
        if (box.width && box.right > width + 1) faults.push(`${named(element)} ends at ${Math.round(box.right)} px`);
        if (element instanceof SVGElement) continue;
        const style = getComputedStyle(element);
        if (style.display === "inline" || style.overflowX !== "visible") continue;
        if (element.querySelector(`${allowed}, .poster, .strip.mine`)) continue;  // these reach out on purpose
        if (element.scrollWidth > element.clientWidth + 2 && element.clientWidth)
            faults.push(`what is in ${named(element)} sticks out by ${element.scrollWidth - element.clientWidth} px`);
    }
    return faults.slice(0, 8);
}"""

STRUCTURE = """() => {
    const faults = [];
    const visible = (element) => element.checkVisibility();
    const headings = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].filter(visible);
    const first = headings.filter((heading) => heading.tagName === "H1");
    if (first.length !== 1) faults.push(`${first.length} first headings`);
    let before = 0;
    for (const heading of headings) {
        const level = Number(heading.tagName[1]);
        if (level > before + 1 && before) faults.push(`“${heading.textContent.trim()}” is h${level} after h${before}`);
        if (!heading.textContent.trim()) faults.push(`an empty h${level}`);
        before = level;
    }
    for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
        if (field.closest("[aria-hidden=true]")) continue;
        const words = [...(field.labels || [])].map((label) => label.textContent.trim()).join(" ");
        if (!words) faults.push(`${field.tagName.toLowerCase()}[name=${field.name}] has no label`);
    }
    for (const box of document.querySelectorAll(":is(button, a[href])"))
        if (!box.textContent.trim() && !box.getAttribute("aria-label")) faults.push(`${box.outerHTML} has no words`);
    const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
    for (const id of new Set(ids.filter((id, place) => ids.indexOf(id) !== place)))
        faults.push(`two elements are #${id}`);
    for (const link of document.querySelectorAll('a[href^="#"]'))
        if (!document.getElementById(link.getAttribute("href").slice(1)))
            faults.push(`${link.getAttribute("href")} leads nowhere`);
    for (const wired of document.querySelectorAll("[aria-describedby], [aria-labelledby]"))
        for (const wire of ["aria-describedby", "aria-labelledby"])
            for (const id of (wired.getAttribute(wire) || "").split(" ").filter(Boolean))
                if (!document.getElementById(id)) faults.push(`#${id}, which says what something is, is not there`);
    if (/undefined|None|\\[object|%\\(|\\{\\{/.test(document.querySelector("main").innerText))
        faults.push("words of a program are shown");
    return faults;
}"""

SHAPES = """() => {
    const own = (element) => {
        const kind = element.getAttribute("data-kind");
        const names = element.getAttributeNames().filter((name) => !/^(class|id|href|d|name|value|for)$/.test(name));
        return `${element.tagName}.${element.getAttribute("class") || ""}[${kind || ""} ${names}]`;
    };
    const chains = new Map([[document.documentElement, ""]]);
    for (const element of document.querySelectorAll("body, body *:not(svg *)"))
        chains.set(element, `${chains.get(element.parentElement) || ""} ${own(element)}`);
    return [...new Set(chains.values())];
}"""

LARGER = "document.documentElement.style.setProperty('font-size', '225%', 'important')"
"""Text at 200 %: the style sheet's own size is 112.5 %."""


async def small_targets(page: Page) -> list[str]:
    """What is too small for a finger; links in sentences may be."""
    found: list[str] = await page.evaluate(TARGETS, FINGER)
    return found


async def overflowing(page: Page) -> list[str]:
    """What is wider than the window or than the box it stands in."""
    found: list[str] = await page.evaluate(OVERFLOW)
    return found


async def wider_than_the_window(page: Page) -> list[str]:
    """The same for the page as a whole, and what ends beyond the window."""
    return [fault for fault in await overflowing(page) if "sticks out" not in fault]


async def shapes(page: Page) -> frozenset[str]:
    """Each way in which elements of the page stand in each other, with their classes, attributes and colours.

    Two pages with the same shapes look alike to whoever looks at the build and not at the words.
    """
    found: list[str] = await page.evaluate(SHAPES)
    return frozenset(found)


async def ill_built(page: Page) -> list[str]:
    """Headings, labels, ids and links that do not hold together."""
    found: list[str] = await page.evaluate(STRUCTURE)
    return found


async def enlarge_text(page: Page) -> None:
    """Show the text at 200 %, as a reader sets it in the browser."""
    await page.evaluate(LARGER)
