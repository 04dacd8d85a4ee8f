/** What others see of the controller: checks, metrics, traces, and a log in which nothing is obeyed. */
package pysmurf.controller.observe;
