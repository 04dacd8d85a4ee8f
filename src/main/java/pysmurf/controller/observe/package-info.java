/** What others see of the controller: checks, metrics, traces, and a log that escapes control characters. */
package pysmurf.controller.observe;
