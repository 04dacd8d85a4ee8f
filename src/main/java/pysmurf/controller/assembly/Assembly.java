package pysmurf.controller.assembly;

import java.time.Clock;
import java.util.Objects;
import org.apache.camel.CamelContext;
import org.apache.camel.Ordered;
import org.apache.camel.StartupListener;
import org.apache.camel.support.LifecycleStrategySupport;
import org.apache.camel.support.service.ServiceSupport;
import pysmurf.controller.config.Configuration;
import pysmurf.controller.config.FollowedFiles;
import pysmurf.controller.observe.Health;
import pysmurf.controller.observe.Metrics;

/**
 * One controller while it is put together. Each part gets it, and leaves here its beans, its checks, its meters, and what it does
 * when Camel starts and stops.
 */
public record Assembly(
        Configuration configuration,
        CamelContext camel,
        FollowedFiles files,
        Clock clock,
        Health health,
        Metrics metrics,
        MemoryBudget memory) {

    /**
     * With what every part needs, before the first part joins.
     *
     * @param files  those of all controllers of the process
     * @param memory that of all controllers of the process
     */
    public static Assembly of(
            Configuration configuration,
            CamelContext camel,
            FollowedFiles files,
            Metrics metrics,
            MemoryBudget memory) {
        Assembly assembly =
                new Assembly(configuration, camel, files.part(), Clock.systemUTC(), new Health(), metrics, memory);
        assembly.whenStopping(assembly.files()::close);
        return assembly;
    }

    /** The product's version; {@code unpackaged} where it runs from classes. */
    public static String version() {
        return Objects.requireNonNullElse(Assembly.class.getPackage().getImplementationVersion(), "unpackaged");
    }

    /** Makes a bean known to the routes. */
    public <T> T bind(String name, T bean) {
        camel.getRegistry().bind(name, bean);
        return bean;
    }

    /** Gives the routes a {@code {{placeholder}}}. */
    public void placeholder(String name, Object value) {
        camel.getPropertiesComponent().addOverrideProperty(name, value.toString());
    }

    /** Closes the part when all routes have stopped; parts close in the reverse of this order. */
    public <T extends AutoCloseable> T closing(T part) throws Exception {
        camel.addService(
                new ServiceSupport() {

                    @Override
                    protected void doStop() throws Exception {
                        part.close();
                    }
                },
                true,
                true);
        return part;
    }

    /** Runs something when all routes have started. */
    public void whenStarted(Runnable task) throws Exception {
        camel.addStartupListener(new AfterRoutes(task));
    }

    private record AfterRoutes(Runnable task) implements StartupListener, Ordered {

        @Override
        public void onCamelContextStarted(CamelContext context, boolean alreadyStarted) {
            // its routes have not
        }

        @Override
        public void onCamelContextFullyStarted(CamelContext context, boolean alreadyStarted) {
            task.run();
        }

        /** The route controller, too, starts the routes as a listener of the start. */
        @Override
        public int getOrder() {
            return LOWEST;
        }
    }

    /** Runs something before the first route stops. */
    public void whenStopping(Runnable task) {
        camel.addLifecycleStrategy(new LifecycleStrategySupport() {

            @Override
            public void onContextStopping(CamelContext context) {
                task.run();
            }
        });
    }
}
