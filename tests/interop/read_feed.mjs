// Fetches a feed as a program does and prints what a calendar library makes of it, as JSON.
//   node read_feed.mjs ical.js|node-ical http://127.0.0.1:8000/calendriers/agenda.ics
import ICAL from "ical.js";
import nodeIcal from "node-ical";

const readers = {
  async "ical.js"(url) {
    const calendar = new ICAL.Component(ICAL.parse(await (await fetch(url)).text()));
    for (const zone of calendar.getAllSubcomponents("vtimezone")) ICAL.TimezoneService.register(zone);
    return calendar.getAllSubcomponents("vevent").map((component) => {
      const event = new ICAL.Event(component);
      return {
        uid: event.uid,
        title: event.summary,
        start: event.startDate.toJSDate(),
        end: event.endDate.toJSDate(),
        status: component.getFirstPropertyValue("status"),
      };
    });
  },
  async "node-ical"(url) {
    const components = Object.values(await nodeIcal.async.fromURL(url));
    return components
      .filter((component) => component.type === "VEVENT")
      .map(({ uid, summary, start, end, status }) => ({ uid, title: summary, start, end, status }));
  },
};

const [reader, url] = process.argv.slice(2);
console.log(JSON.stringify(await readers[reader](url)));
