/** Key stores and certificates, for what listens and for what connects. */
package pysmurf.controller.tls;
