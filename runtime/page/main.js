const PAGES = { trace: tracePage, plot: plotPage, analysis: analysisPage, compare: comparePage };
const content = JSON.parse(document.getElementById("data").textContent);
const [title, subtitle] = PAGES[content.page](content);
document.title = title;
document.getElementById("title").textContent = title;
document.getElementById("subtitle").textContent = subtitle;
