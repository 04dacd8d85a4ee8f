/**
 * {@code pysmurf-ctl}, the command line for people: it starts, watches and aborts operations of a controller over HTTP. It
 * is a client like any other and loads nothing of the controller itself, so that it starts fast.
 */
package pysmurf.controller.ctl;
