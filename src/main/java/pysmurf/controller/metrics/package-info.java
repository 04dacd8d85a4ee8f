/** What is counted and measured, for those who watch many controllers. */
package pysmurf.controller.metrics;
