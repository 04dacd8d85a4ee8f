/**
 * The Camel component {@code wamp:}, which knows nothing of this controller: {@code wamp:procedure:NAME} as consumer is a procedure
 * that clients of a WAMP router call, {@code wamp:topic:NAME} as producer publishes. Of WAMP's basic profile it speaks the parts of
 * callee and publisher, in JSON over a websocket, and of the advanced profile it knows a call that is canceled.
 */
package pysmurf.controller.wamp;
