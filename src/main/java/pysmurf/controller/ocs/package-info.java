/**
 * The controller as an agent of OCS, the Observatory Control System of the Simons Observatory: by WAMP at the site's router, and at
 * {@code POST /call} as if behind crossbar's HTTP bridge, so that an {@code OCSClient} or {@code MatchedClient} finds here what it
 * found there. Facts about both are from ocs v0.8.0 to v0.12 (ocs_agent.py, access.py, client_http.py) and crossbar (bridge/rest).
 */
package pysmurf.controller.ocs;
