import '@fontsource/ibm-plex-sans/400.css';
import '@fontsource/ibm-plex-sans/600.css';
import '@fontsource/ibm-plex-mono/400.css';
import 'carbon-components-svelte/css/all.css';
import '@xyflow/svelte/dist/style.css';
import 'uplot/dist/uPlot.min.css';
import './tokens.css';
import './base.css';
