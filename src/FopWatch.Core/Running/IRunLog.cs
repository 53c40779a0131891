using FopWatch.Upkeep;
using FopWatch.Watching;

namespace FopWatch.Running;

/// <summary>What the loops and the timers log. Holds no ids, tokens or bodies.</summary>
public interface IRunLog
{
    /// <summary>The store cannot answer now; what was to be done is done later.</summary>
    void StoreUnavailable(string what, Exception failure);

    /// <summary>A status API was asked.</summary>
    void Polled(string source, Polled polled);

    /// <summary>A poll failed for a reason that is none of the status API's or the store's.</summary>
    void PollFaulted(string source, Exception failure);

    /// <summary>Events could not be published; they stay in the outbox.</summary>
    void PublishFailed(Exception failure);

    /// <summary>A sweep of the outbox published events that waited.</summary>
    void SweepPublished(int events);

    /// <summary>A sweep of the outbox was over before the outbox was empty.</summary>
    void OutboxSweepEndedEarly();

    /// <summary>Events wait, and there is nowhere to publish them to.</summary>
    void EventsStay(long events);

    /// <summary>Watches of due jobs were started or woken.</summary>
    void WatchesStarted(string source, int started, int woken);

    /// <summary>A watch could not be started, woken or ended.</summary>
    void WatchFailed(string what, Exception failure);

    /// <summary>Jobs were polled whose watches run and make no step.</summary>
    void WatchesStuck(string source, int jobs);

    /// <summary>The books were checked.</summary>
    void Swept(Sweep sweep);

    /// <summary>A purge was put off, because the clock may have jumped.</summary>
    /// <param name="secondLook">After what time it is made, if nothing speaks against it by then.</param>
    void PurgePutOff(TimeSpan secondLook);
}
