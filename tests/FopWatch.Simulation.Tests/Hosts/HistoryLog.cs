using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.Running;
using FopWatch.Simulation.Tests.World;
using FopWatch.Upkeep;
using FopWatch.Watching;

namespace FopWatch.Simulation.Tests.Hosts;

/// <summary>Fails a history in which something is logged that no fault of the history explains, and has sweeps judged.</summary>
internal sealed class HistoryLog(SimulatedWorld world) : IRunLog, IOperatorLog
{
    public void StoreUnavailable(string what, Exception failure)
    {
    }

    public void Polled(string source, Polled polled)
    {
        if (polled.Fault is { } fault)
            PollFaulted(source, fault);
    }

    public void PollFaulted(string source, Exception failure) => world.Scheduler.Fail($"A poll failed: {failure}");

    public void PublishFailed(Exception failure)
    {
        if (failure is not (IOException or StoreUnavailableException or OperationCanceledException))
            world.Scheduler.Fail($"Publishing failed: {failure}");
    }

    public void SweepPublished(int events)
    {
    }

    public void OutboxSweepEndedEarly()
    {
    }

    public void EventsStay(long events) => world.Scheduler.Fail("Events stay in the outbox.");

    public void WatchesStarted(string source, int started, int woken) => world.Tally.Add("watches woken", woken);

    public void WatchFailed(string what, Exception failure)
    {
        if (failure is not StoreUnavailableException)
            world.Scheduler.Fail($"A watch could not be {what}: {failure}");
    }

    public void WatchesStuck(string source, int jobs) => world.Tally.Add("stuck watches polled", jobs);

    public void Swept(Sweep sweep) => world.Checker.Swept(sweep);

    public void PurgePutOff(TimeSpan secondLook)
    {
    }

    public void LoopFailed(LoopFailure failure)
    {
        if (failure is not { Loop.Name: "outbox loop", Exception: IOException })
            world.Scheduler.Fail($"The {failure.Loop.Name} failed: {failure.Exception}");
    }

    public void Settled(Job job, string reference)
    {
    }

    public void Warn(Trouble trouble)
    {
    }

    public void Over(Trouble trouble, TimeSpan lasted)
    {
    }
}
