using System.Collections.Immutable;
using System.Globalization;
using FopWatch.Contracts;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Simulation.Tests.Scheduling;
using FopWatch.Watching;

namespace FopWatch.Simulation.Tests.World;

/// <summary>What may never happen, checked during a history and at its end.</summary>
internal sealed class Checker(SimulatedWorld world)
{
    /// <summary>How long a provider may seem not to know a submitted id; no script lies longer.</summary>
    private static readonly TimeSpan LongestRace = TimeSpan.FromMinutes(10);

    private readonly Dictionary<JobKey, Story> _stories = [];
    private readonly Dictionary<string, OutboxEvent> _committed = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _published = new(StringComparer.Ordinal);
    private readonly Dictionary<(ProcessLifetime ProcessLifetime, string Source), Queue<DateTimeOffset>> _asked = [];
    private string? _violation;

    /// <summary>The first violation, or null.</summary>
    public string? Violation => _violation;

    public int DueRowsLost { get; set; }

    public static Dictionary<string, string> MetadataOf(JobScript script) => new(StringComparer.Ordinal) { ["lesson"] = script.Job.Id };

    public void Committed(Job? before, JobCommit commit)
    {
        var job = commit.Job;
        var story = StoryOf(job.Key);
        story.HeardAt ??= world.Now;
        Versions(before, commit);
        Outcomes(story, before, job);
        if (TimelineRules.Violated(before, job) is { } rule)
            Expect(false, rule, job);
        if (commit.Event is { } committed)
            EventOf(job, committed);
        else
            Expect(!Moved(before, job) || job.Origin == JobOrigin.Hint, "an outcome without an event", job);
        if (before is { IsSettled: true, Origin: not JobOrigin.Hint } && !SameMetadata(before.Metadata, job.Metadata))
        {
            story.MetadataAdded++;
            Expect(commit.Event is not null, "metadata added to a settled job without an event", job);
        }

        Expect(job.IsSettled || job.WatchStatus == WatchStatus.Stopped || job.Watch.DueAt is not null, "an open job that nothing watches", job);
        Expect(!job.HasOutcome || job.Watch.DueAt is null, "a job with an outcome that is due for a poll", job);
        if (job.Watch.DueAt is not null)
            story.Watches[job.Watch.StartedAt] = job.Watch.Deadline;
        if (job.Origin != JobOrigin.Hint && before is null or { Origin: JobOrigin.Hint })
            story.ClaimedAt ??= world.Now;
        if (before?.Watch.LastPolledAt != job.Watch.LastPolledAt)
            story.AnsweredAtStep = world.Scheduler.Steps;
        if (before is { WatchStatus: WatchStatus.Stopped } && job.WatchStatus != WatchStatus.Stopped)
            story.RestartedAtStep = world.Scheduler.Steps;
        world.Trace("store", "has", job.Key.Id, string.Create(CultureInfo.InvariantCulture, $"v{job.Version} {job.State} {job.Origin} due {(job.Watch.DueAt is { } due ? (due - Scenario.Start).ToString("c") : "never")} polls {job.Watch.Polls} {(commit.Event is null ? "" : "+event")}"));
    }

    /// <summary>Records an event that leaves the outbox.</summary>
    public void Removed(OutboxEvent one) => Expect(_published.ContainsKey(one.Id), "an event left the outbox unpublished", one);

    /// <summary>Records an event that subscribers receive.</summary>
    public void Published(OutboxEvent one)
    {
        var isKnown = _committed.TryGetValue(one.Id, out var committed);
        Expect(isKnown, "an event was published that was never committed", one);
        Expect(!isKnown || one.Body.Span.SequenceEqual(committed!.Body.Span), "one event id with two bodies", one);
        var times = _published[one.Id] = _published.GetValueOrDefault(one.Id) + 1;
        world.Tally.Add(times == 1 ? "events" : "event ids repeated");
    }

    /// <summary>Records a notification that was rejected.</summary>
    public void Refused(Message message) => Expect(message.Expected is null, "a valid token was refused", message.Id);

    /// <summary>Records a notification that is about to be answered 200: its effect must be durable.</summary>
    public void Acknowledged(Message message, NotificationResult result, long sinceStep)
    {
        Expect(result == message.Expected, $"a notification that was {result} instead of {message.Expected}", message.Id);
        if (result != message.Expected)
            return;

        if (result == NotificationResult.Quarantined)
        {
            Expect(world.Store.Quarantine.Any(kept => kept.Body.Span.SequenceEqual(message.Request.Body.Span)), "a quarantined notification that is missing", message.Id);
            return;
        }

        var key = new JobKey(message.Source, message.Id!);
        if (world.Store.Peek(key) is not { } job)
        {
            Expect(false, "an acknowledged notification of a job that is missing", message.Id);
            return;
        }

        var story = StoryOf(key);
        story.Nudges++;
        if (result == NotificationResult.Recorded)
        {
            var facts = message.Report!.Facts;
            Expect(job.Facts.Join(facts) == job.Facts, "an acknowledged report that is not durable", job);
            Expect(message.Correlation is not { } correlation || job.Metadata.GetValueOrDefault(Job.CorrelationKey) == correlation, "an acknowledged correlation that is not durable", job);
            if (facts.Concluded)
                story.IsTold = true;
            Expect(IsWatched(job, story, sinceStep), "an acknowledged report that leaves its job unwatched", job);
            return;
        }

        // It made the job due, unless the job has its outcome, is or was stopped when the hint came, has been polled since, or was polled too recently
        // before.
        var error = world.Scenario.ClockError * 2;
        var latest = Later(world.Now, job.Watch.LastPolledAt + PollPlan.HintSpacing) + error;
        Expect(
            job.HasOutcome || job.WatchStatus == WatchStatus.Stopped || story.RestartedAtStep >= sinceStep || story.AnsweredAtStep >= sinceStep || job.Watch.DueAt <= latest,
            "an acknowledged hint that makes no poll due",
            job);
    }

    /// <summary>Records a registration that is about to be answered.</summary>
    public void Registered(JobScript script, long sinceStep)
    {
        var key = new JobKey(script.Source, script.Job.Id);
        var story = StoryOf(key);
        story.Nudges++;
        story.IsRegistered = true;
        var job = world.Store.Peek(key);
        Expect(job?.Origin == JobOrigin.Registration, "an acknowledged registration that is not durable", job);
        Expect(job is null || IsWatched(job, story, sinceStep), "an acknowledged registration that nothing watches", job);
        Expect(job is null || MetadataOf(script).All(pair => job.Metadata.GetValueOrDefault(pair.Key) == pair.Value), "a registration without its metadata", job);
    }

    /// <summary>Records that a poller reads a job.</summary>
    public void FoundByPoller(Job? job)
    {
        if (job is { HasOutcome: false } && (world.IsByHand || job.Watch.DueAt is not null))
            StoryOf(job.Key).DueWhenFound.Add(world.IsByHand ? DateTimeOffset.MinValue : job.Watch.DueAt!.Value);
    }

    /// <summary>Records a query to a status API.</summary>
    /// <param name="lifetime">The lifetime of the querying process.</param>
    /// <param name="source">The source.</param>
    /// <param name="key">The job.</param>
    /// <param name="begins">Whether it is the first query of a poll; the second goes to the provider's other status API.</param>
    public void Asked(ProcessLifetime lifetime, Source source, JobKey key, bool begins)
    {
        var job = world.Store.Peek(key);
        if (begins)
        {
            var story = StoryOf(key);
            story.Asks++;
            world.Tally.Add("polls");
            if (world.IsByHand)
                story.Nudges++;

            // Another process may have settled it between the read and the query.
            Expect(story.DueWhenFound.Count > 0, "a query about a job that nothing watched when the poller read it", job);
            var due = story.DueWhenFound.DefaultIfEmpty().Min();
            Expect(due <= world.Now + PollPlan.ClockTolerance + world.Scenario.ClockError, "a query about a job whose poll was not due", job);
            story.DueWhenFound.Remove(due);
        }

        var asked = _asked.TryGetValue((lifetime, source.Name), out var known) ? known : _asked[(lifetime, source.Name)] = new();
        var burst = (int)Math.Ceiling(source.Poll.PerSecond);
        if (asked.Count == burst)
        {
            var window = TimeSpan.FromSeconds(burst / source.Poll.PerSecond);
            Expect(world.Now - asked.Dequeue() >= window, "more queries than the source's limit", job);
        }

        asked.Enqueue(world.Now);
    }

    public void Swept(long unaccounted, int restored)
    {
        Expect(DueRowsLost > 0 || (unaccounted == 0 && restored == 0), "books that do not balance", unaccounted);
        if (restored > 0)
            world.Tally.Add("watches restored", restored);
    }

    /// <summary>Whether no work is left.</summary>
    public bool IsAtRest() =>
        world.Store.Outbox.Count == 0
        && world.Store.Jobs.All(job => (job.IsSettled || job.WatchStatus == WatchStatus.Stopped) && job.Watch.DueAt is null && world.Store.IndexedAt(job.Key) is null);

    /// <summary>Judges a history that has come to rest, or should have.</summary>
    public void Judge(bool isAtRest)
    {
        foreach (var job in world.Store.Jobs)
            Expect(isAtRest || job.IsSettled || job.WatchStatus == WatchStatus.Stopped, "an id that never ended", job);
        Expect(isAtRest, "a history that never came to rest", world.Store.Outbox.Count);

        foreach (var one in _committed.Values)
            Expect(_published.ContainsKey(one.Id), "an event that was never published", one);
        foreach (var books in world.Store.Books())
            Expect(books.Unaccounted == 0, "books that do not balance", books);
        foreach (var job in world.Store.Jobs)
            JudgeJob(job, StoryOf(job.Key));
        foreach (var (key, story) in _stories)
            Expect(!(story.IsRegistered || story.IsTold) || world.Store.Peek(key) is not null, "an id that was lost", key);
    }

    private void JudgeJob(Job job, Story story)
    {
        world.Tally.Add("jobs");
        if (story.Script is null || job.Origin == JobOrigin.Hint)
        {
            // The job belongs to nobody, so nothing reported about it may be published.
            Expect(!world.Broker.Published.Any(one => one.Key == job.Key), "an event about an id named only by hints", job);
            return;
        }

        if (story.IsTold)
            Expect(job.HasOutcome, "a reported outcome that was lost", job);
        if (!job.IsSettled)
            return;

        world.Tally.Add(job.HasOutcome ? "true outcomes" : "expired");
        Expect(job.HasOutcome || story.EndedByClocks || !WasObtainable(job, story), "a job given up whose outcome was available", job);

        var outcomes = world.Broker.Published.Where(one => one.Key == job.Key).DistinctBy(one => one.Id).OrderBy(one => one.Version)
            .Select(one => JobEvent.Parse(one.Body).Data)
            .Where(told => told.Settled)
            .ToList();
        Expect(outcomes.Count > 0 && outcomes[^1].State == job.State, "subscribers do not know the outcome", job);
        Expect(outcomes.Count > 0 && SameMetadata(outcomes[^1].Metadata, job.Metadata), "subscribers do not know the metadata of an outcome", job);
        var changes = outcomes.Where((told, index) => index == 0 || told.State != outcomes[index - 1].State).Select(told => told.State).ToList();
        Expect(changes.Count == 1 || (changes.Count == 2 && changes[0] == JobState.Expired), "more than one outcome was published", job);
        var republished = story.Script.Interventions.Count(action => action.Intervention == Intervention.Republish);
        Expect(outcomes.Count <= changes.Count + republished + story.MetadataAdded, "an outcome published under several versions", job);
        JudgePolls(job, story);
    }

    /// <summary>At most as many polls as the plan has for the time, plus one for everything that triggers an immediate poll.</summary>
    private void JudgePolls(Job job, Story story)
    {
        if (story.HeardAt is not { } heard || world.Scenario.ClockError > TimeSpan.Zero)
            return;

        // Each watch starts with short waits again.
        var poll = world.Scenario.Source(job.Key.Source).Poll;
        var planned = 0;
        foreach (var (began, ended) in story.Watches.Keys.Prepend(heard).Zip(story.Watches.Keys.Append(world.Now)))
        {
            var (wait, byFixed) = (poll.First * 0.9, 0);
            for (var at = began; at <= ended; byFixed++)
            {
                at += wait;
                wait = Shorter(wait * poll.Factor, poll.Max * 0.9);
            }

            var byLearned = 0;
            if (world.Plans.Of(job.Key.Source) is { } plans)
            {
                LearnedPlan[] all = [plans.OfSource!, .. plans.OfClasses.Values];
                for (var at = began; at <= ended; byLearned++)
                    at += 0.9 * all.Min(plan => plan.WaitAt(at - began));
            }

            planned += Math.Max(byFixed, byLearned);
        }

        // Several processes may poll one job at the same time, and a poll is repeated if recording it failed.
        var racing = world.Scenario.Processes + (world.Scenario.Host == HostKind.Cloud ? 1 : 0);
        var most = (racing * (planned + story.Nudges + DueRowsLost)) + world.Tally.Failures;
        Expect(story.Asks <= most, $"{story.Asks} polls where {most} would do", job);
    }

    /// <summary>Whether the status API would have told the outcome, for long enough, to a process that polled until the deadline of a watch.</summary>
    private bool WasObtainable(Job job, Story story) => story.Watches.Any(watch => WasObtainable(job, story, watch.Key, watch.Value));

    private bool WasObtainable(Job job, Story story, DateTimeOffset began, DateTimeOffset deadline)
    {
        var script = story.Script!;
        if (script.Truth != StatusTruth.Told || job.WatchStatus == WatchStatus.Stopped || script.Interventions.Any(action => action.Intervention is Intervention.Stop))
            return false;

        var submitted = Scenario.Start + script.SubmittedAfter;
        var poll = world.Scenario.Source(job.Key.Source).Poll;
        var from = Latest(
            began,
            submitted + script.Job.DoneAfter,
            story.ClaimedAt ?? DateTimeOffset.MaxValue,
            Scenario.Start + world.Scenario.Rates.Until,
            script.Status.Count == 0 ? default : submitted + script.Status.Max(window => window.To));
        var to = deadline;
        if (script.ForgottenAfter is { } forgotten && submitted + forgotten < to)
            to = submitted + forgotten;

        // One wait, the pause of an API that throttled, and the time to start and to notice.
        var margin = (poll.Max * 1.1) + TimeSpan.FromMinutes(15) + (2 * world.Scenario.ClockError) + world.Scenario.LongestSleep
            + (DueRowsLost > 0 ? world.Scenario.SweepEvery : TimeSpan.Zero);
        return to - from > margin;
    }

    private void Versions(Job? before, JobCommit commit)
    {
        var job = commit.Job;
        if (before is null)
        {
            Expect(job.Version > 0, "a new job without a version", job);
            return;
        }

        var onlyWatch = before with { Watch = job.Watch, NotifiedAt = job.NotifiedAt, Timeline = job.Timeline } == job;
        Expect(onlyWatch ? job.Version == before.Version && commit.Event is null : job.Version > before.Version, "versions that do not grow", job);
        Expect(job.UpdatedAt >= before.UpdatedAt, "a job whose change is dated before the previous one", job);
    }

    private void Outcomes(Story story, Job? before, Job job)
    {
        if (before is { HasOutcome: true })
            Expect(job.State == before.State, $"an outcome that changed from {before.State}", job);
        else if (before is { IsSettled: true })
            Expect(job.IsSettled || before.Origin == JobOrigin.Hint, "an expired job that is open again", job);
        if (job.HasOutcome && before is not { HasOutcome: true })
            Truth(story, job);
        if (job is { IsSettled: true, HasOutcome: false } && (before is not { IsSettled: true } || (before.Watch.DueAt is not null && job.WatchStatus == WatchStatus.GivenUp)))
            Expiry(story, job);
    }

    private void Truth(Story story, Job job)
    {
        if (story.Script is not { } script)
        {
            Expect(false, "an outcome of an id that no provider has", job);
            return;
        }

        var (counts, expected) = (job.Facts.Counts, script.Job.ExpectedCounts);
        Expect(job.State == script.Expected, $"an outcome that is not the true one, {script.Expected}", job);
        Expect((counts.Succeeded, counts.Failed) == (expected.Succeeded, expected.Failed), $"counts that are not {expected}", job);
        if (!script.Job.Cancelled)
            Expect(ItemOutcomes.Of(job).SequenceEqual(ItemOutcomes.Of(script.Job)), $"items that are not {string.Join("; ", ItemOutcomes.Of(script.Job))}", job);
    }

    /// <summary>A job may be given up when its deadline is over, or when its provider has not known it for long enough.</summary>
    private void Expiry(Story story, Job job)
    {
        var slack = 2 * world.Scenario.ClockError;
        var now = world.Now + slack;
        if (now >= job.Watch.Deadline)
            return;

        var age = world.Age - (story.Script?.SubmittedAfter ?? default);

        // A job named only by hints may be given up at any time: that has no effect once something genuine names it.
        var isUnknown = job.Origin == JobOrigin.Hint || story.Script is not { } script || script.Truth == StatusTruth.NeverKnown || age < TimeSpan.Zero || age >= script.ForgottenAfter;

        // As with the deadline, how long the id has been unknown is measured by clocks, and the polling process's clock may be ahead of the
        // registering one's by more than the whole grace.
        story.EndedByClocks |= !isUnknown && slack > GivingUp.UnknownGrace;
        Expect(isUnknown || story.EndedByClocks, "a job given up although its provider knows it", job);
        Expect(job.Watch.NotFound >= GivingUp.UnknownAnswers, "a job given up after too few answers", job);
        Expect(now >= job.Watch.StartedAt + LongestRace, "a job given up too early", job);
    }

    private void EventOf(Job job, OutboxEvent committed)
    {
        Expect(job.Origin != JobOrigin.Hint, "an event about an id named only by a hint", job);
        Expect(_committed.TryAdd(committed.Id, committed), "an event id that was used before", job);
        Expect(committed.Key == job.Key && committed.Version == job.Version, "an event of another version", job);
        Expect(committed.Id == JobEvents.IdOf(job.Key, job.RegisteredAt, job.Version), "an event id that does not follow from the version", job);
        var told = JobEvent.Parse(committed.Body);
        Expect(
            told.Id == committed.Id && told.Data.Version == job.Version && told.Data.State == job.State && told.Data.Counts == job.Facts.Counts
            && told.Data.Overdue == job.IsOverdue
            && (told.Type == JobEvent.OverdueType ? !job.IsSettled : told.Type == (job.IsSettled ? JobEvent.SettledType : JobEvent.ProgressedType))
            && SameMetadata(told.Data.Metadata, job.Metadata),
            "an event that contradicts its job",
            job);
        if (told.Type == JobEvent.OverdueType)
        {
            world.Tally.Add("jobs overdue");
            Expect(job.IsOverdue && StoryOf(job.Key).OverdueWatches.Add(job.Watch.StartedAt), "a watch that became overdue twice", job);
        }
    }

    /// <summary>Whether a job is polled while it has no outcome, or was in time after a step.</summary>
    private static bool IsWatched(Job job, Story story, long sinceStep) =>
        job.HasOutcome || job.WatchStatus == WatchStatus.Stopped || job.Watch.DueAt is not null || story.AnsweredAtStep >= sinceStep;

    private static bool SameMetadata(IReadOnlyDictionary<string, string>? some, ImmutableSortedDictionary<string, string> others) =>
        (some?.Count ?? 0) == others.Count && others.All(entry => some![entry.Key] == entry.Value);

    private static bool Moved(Job? before, Job job) => job.IsSettled && (before is not { IsSettled: true } || before.State != job.State);

    private Story StoryOf(JobKey key)
    {
        if (!_stories.TryGetValue(key, out var story))
            _stories[key] = story = new() { Script = world.Scenario.Jobs.FirstOrDefault(script => script.Source == key.Source && script.Job.Id == key.Id) };
        return story;
    }

    private void Expect(bool isRight, string what, object? about)
    {
        if (!isRight)
            _violation ??= string.Create(CultureInfo.InvariantCulture, $"{what}, at {world.Now:O}: {about}");
    }

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset? b) => b > a ? b.Value : a;

    private static DateTimeOffset Latest(params ReadOnlySpan<DateTimeOffset> times)
    {
        var latest = DateTimeOffset.MinValue;
        foreach (var time in times)
            latest = Later(latest, time);
        return latest;
    }

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;

    /// <summary>What is known of an id in addition to the store.</summary>
    private sealed class Story
    {
        /// <summary>Null for an id that no provider has.</summary>
        public JobScript? Script { get; init; }

        public DateTimeOffset? HeardAt { get; set; }

        /// <summary>When something genuine first named it.</summary>
        public DateTimeOffset? ClaimedAt { get; set; }

        public bool IsRegistered { get; set; }

        /// <summary>The starts of its watches, with the deadline of each.</summary>
        public SortedDictionary<DateTimeOffset, DateTimeOffset> Watches { get; } = [];

        /// <summary>The starts of the watches that became overdue.</summary>
        public HashSet<DateTimeOffset> OverdueWatches { get; } = [];

        /// <summary>Whether it was given up because clocks that were wrong by more than the grace said that its time was over.</summary>
        public bool EndedByClocks { get; set; }

        /// <summary>Whether a report with its outcome was acknowledged.</summary>
        public bool IsTold { get; set; }

        /// <summary>Commits that added metadata after it was settled.</summary>
        public int MetadataAdded { get; set; }

        public int Nudges { get; set; }

        public int Asks { get; set; }

        /// <summary>Its due times for pollers that found it open and sent no query, including those that crashed or found it not due.</summary>
        public List<DateTimeOffset> DueWhenFound { get; } = [];

        public long AnsweredAtStep { get; set; }

        /// <summary>When its watch was last restarted after a stop; -1 for never.</summary>
        public long RestartedAtStep { get; set; } = -1;
    }
}
