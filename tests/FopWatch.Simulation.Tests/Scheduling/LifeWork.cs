using FopWatch.Running;

namespace FopWatch.Simulation.Tests.Scheduling;

/// <summary>Starts work within one life, in its turn.</summary>
internal sealed class LifeWork(Scheduler scheduler, Life life) : IWorkScheduler
{
    public void Start(Func<Task> work) => scheduler.Start(life, work);
}
