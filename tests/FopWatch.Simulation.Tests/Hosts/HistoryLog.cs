using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.Running;
using FopWatch.Simulation.Tests.World;
using FopWatch.Upkeep;
using FopWatch.Watching;

namespace FopWatch.Simulation.Tests.Hosts;

/// <summary>Fails a history in which something is logged that no fault of the history explains, and has sweeps judged.</summary>
internal sealed class HistoryLog(Stage stage) : IRunLog, IOperatorLog
{
    public void StoreUnavailable(string what, Exception failure)
    {
    }

    public void Polled(string source, Polled polled)
    {
        if (polled.Fault is { } fault)
            PollFaulted(source, fault);
    }

    public void PollFaulted(string source, Exception failure) => stage.Scheduler.Fail($"A poll failed: {failure}");

    public void PublishFailed(Exception failure)
    {
        if (failure is not (IOException or StoreUnavailableException or OperationCanceledException))
            stage.Scheduler.Fail($"Publishing failed: {failure}");
    }

    public void SweepPublished(int events)
    {
    }

    public void OutboxSweepEndedEarly()
    {
    }

    public void EventsStay(long events) => stage.Scheduler.Fail("Events stay in the outbox.");

    public void WatchesStarted(string source, int started, int woken) => stage.Tally.Add("watches woken", woken);

    public void WatchFailed(string what, Exception failure)
    {
        if (failure is not StoreUnavailableException)
            stage.Scheduler.Fail($"A watch could not be {what}: {failure}");
    }

    public void WatchesStuck(string source, int jobs) => stage.Tally.Add("stuck watches polled", jobs);

    public void Swept(Sweep sweep) => stage.Checker.Swept(sweep);

    public void PurgePutOff(TimeSpan secondLook)
    {
    }

    public void LoopFailed(LoopFailure failure)
    {
        if (failure is not { Loop.Name: "outbox loop", Exception: IOException })
            stage.Scheduler.Fail($"The {failure.Loop.Name} failed: {failure.Exception}");
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
