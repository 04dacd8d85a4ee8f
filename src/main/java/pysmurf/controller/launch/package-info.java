/**
 * How the process itself is started: with the options of the Java virtual machine that keep it small and quick, though people
 * only type {@code java -jar}.
 */
package pysmurf.controller.launch;
