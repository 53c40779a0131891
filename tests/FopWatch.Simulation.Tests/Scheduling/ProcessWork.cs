using FopWatch.Running;

namespace FopWatch.Simulation.Tests.Scheduling;

/// <summary>Starts work within a lifetime, in its turn.</summary>
internal sealed class ProcessWork(Scheduler scheduler, ProcessLifetime lifetime) : IWorkScheduler
{
    public void Start(Func<Task> work) => scheduler.Start(lifetime, work);
}
