using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Watching;

namespace FopWatch.Simulation.Tests.World;

/// <summary>The required timeline of a job, derived from what else is known of it.</summary>
internal static class TimelineRules
{
    private static readonly string NotAsked = new Providers.StatusAnswer(PollAnswer.Throttled, Asked: false).InWords();

    /// <summary>The rule that a commit violates, or null.</summary>
    public static string? Violated(Job? before, Job job)
    {
        var (known, entries) = (before?.Timeline.Read(before.RegisteredAt) ?? [], job.Timeline.Read(job.RegisteredAt));
        if (entries is not [{ What: TimelineEvent.Registered }, ..])
            return "a timeline that does not start with the registration";

        // The last entry may have become one that happened more than once.
        var first = Math.Min(known.Count - 1, Timeline.MostFirst);
        if (first > 0 && !entries.Take(first).SequenceEqual(known.Take(first)))
            return "a timeline whose first entries changed";
        if (Total(job.Timeline, entries) < Total(before?.Timeline ?? default, known))
            return "a timeline that has become shorter";
        if (before is not null && job.Version != before.Version && Total(job.Timeline, entries) == Total(before.Timeline, known))
            return "a version without an entry in the timeline";
        if (job.Timeline.Omitted > 0)
            return null;

        var settled = entries.LastOrDefault(entry => entry.What == TimelineEvent.Settled);
        if (job.HasOutcome ? settled?.State != job.State : settled is not null)
            return "a timeline with another outcome";
        if (job.State == JobState.Expired && entries.All(entry => entry.What != TimelineEvent.Expired))
            return "an expired job without an entry for it in the timeline";
        if (entries.Where(entry => entry.What == TimelineEvent.Polled && entry.Answer != NotAsked).Sum(entry => entry.Count ?? 1) != job.Watch.TotalPolls)
            return "a timeline with another number of polls";
        if (job.NotifiedAt is not null && entries.All(entry => entry.Result != NotifiedResult.Late))
            return "a late notification that is not in the timeline";
        return job.WatchStatus == WatchStatus.Stopped && entries.All(entry => entry.What != TimelineEvent.Stopped) ? "a stopped job without an entry for it in the timeline" : null;
    }

    private static int Total(Timeline timeline, IEnumerable<TimelineEntry> entries) => timeline.Omitted + entries.Sum(entry => entry.Count ?? 1);
}
