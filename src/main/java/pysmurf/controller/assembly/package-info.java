/** Puts a controller together: each part registers its beans, checks, meters, and start and stop actions here. */
package pysmurf.controller.assembly;
