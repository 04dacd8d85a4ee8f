/** What the parts of a controller are put together with. */
package pysmurf.controller.assembly;
