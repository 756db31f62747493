// What the page needs of D3, and nothing else; README.md says how d3.min.js is made of it.
export {axisTop} from "d3-axis";
export {scaleLinear} from "d3-scale";
export {create, pointer, select} from "d3-selection";
export {zoom, zoomIdentity, zoomTransform} from "d3-zoom";
