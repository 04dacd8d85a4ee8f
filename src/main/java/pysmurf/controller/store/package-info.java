/** Where sessions are kept: a database, its migrations, its retention, and the disk it needs. */
package pysmurf.controller.store;
