// Bars for [data-chart]: {labels, series: [{name, data}]}. A script of its own, fetched only by pages with a chart.
import * as echarts from "echarts/core";
import { BarChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { CanvasRenderer } from "echarts/renderers";

echarts.use([BarChart, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function options({ labels, series }) {
  const [ink, line, paper] = [colour("--ui-ink-2"), colour("--ui-line"), colour("--ui-paper")];
  return {
    color: [colour("--ui-accent"), "#2f9e5b"],
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    legend: { top: 0, textStyle: { color: ink } },
    // Rich text, not HTML: the page's policy forbids style attributes in markup.
    tooltip: { trigger: "axis", axisPointer: { type: "shadow" }, renderMode: "richText", backgroundColor: paper, borderColor: line, textStyle: { color: ink } },
    grid: { top: 32, right: 24, bottom: 8, left: 8, containLabel: true },
    xAxis: { type: "value", minInterval: 1, axisLabel: { color: ink }, splitLine: { lineStyle: { color: line } } },
    yAxis: { type: "category", inverse: true, data: labels, axisLabel: { color: ink, width: 160, overflow: "truncate" }, axisLine: { lineStyle: { color: line } }, axisTick: { show: false } },
    series: series.map((one) => ({ ...one, type: "bar", barMaxWidth: 14, barGap: "20%" })),
  };
}

for (const box of document.querySelectorAll("[data-chart]")) {
  const data = JSON.parse(box.dataset.chart);
  box.style.height = `${60 + data.labels.length * 40}px`;
  const chart = echarts.init(box);
  const draw = () => chart.setOption(options(data), true);
  draw();
  new ResizeObserver(() => chart.resize()).observe(box);
  new MutationObserver(draw).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
}
