/**
 * The bridge for clients of OCS, the Observatory Control System of the Simons Observatory: {@code POST /call} speaks as
 * crossbar's HTTP bridge does in front of an OCS agent, so that an {@code OCSClient} or {@code MatchedClient} finds
 * here what it found there. Facts about both are from ocs v0.8.0 to v0.12 (ocs_agent.py, access.py, client_http.py) and
 * crossbar (bridge/rest).
 */
package pysmurf.controller.ocs;
