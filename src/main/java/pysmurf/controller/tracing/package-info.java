/** What a command goes through, step by step, for those who look for where the time went. */
package pysmurf.controller.tracing;
