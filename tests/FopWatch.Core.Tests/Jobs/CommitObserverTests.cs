using System.Diagnostics.Metrics;
using FopWatch.Contracts;
using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.Publishing;
using FopWatch.Watching;

namespace FopWatch.Core.Tests.Jobs;

/// <summary>The effects of a commit.</summary>
public sealed class CommitObserverTests : IWatchRunner, ICommittedEvents, IOperatorLog
{
    private static readonly JobKey Key = new("media", "z0.job");

    private readonly ManualTimeProvider _time = new();
    private readonly List<string> _heard = [];
    private readonly CommitObserver _observer;

    public CommitObserverTests() => _observer = new(this, this, new(null!, _time), new(new byte[JobReferences.KeyLength]), this, new(new Meter(nameof(CommitObserverTests)), _time), _time);

    [Theory]
    [InlineData(0, "wake 0")]
    [InlineData(10, "wake 10")]
    [InlineData(11, "start 11")]
    [InlineData(75, "start 75")]
    [InlineData(76, null)]
    public async Task The_watch_of_a_new_job_starts_if_its_poll_is_due_within_75_seconds_and_looks_immediately_if_within_10(int due, string? heard) =>
        Assert.Equal(heard is null ? [] : [heard], await HeardAsync(null, Due(due)));

    [Theory]
    [InlineData(600, 599, "wake 599")]
    [InlineData(600, 30, "wake 30")]
    [InlineData(600, 5, "wake 5")]
    [InlineData(30, 60, "start 60")]
    [InlineData(30, 76, null)]
    [InlineData(60, 60, null)]
    [InlineData(600, 600, null)]
    [InlineData(5, 5, "wake 5")]
    public async Task A_watch_is_woken_if_its_poll_is_due_sooner_and_started_if_it_is_due_otherwise_and_soon(int was, int due, string? heard) =>
        Assert.Equal(heard is null ? [] : [heard], await HeardAsync(Due(was), Due(due)));

    [Theory]
    [InlineData(75, false, true)]
    [InlineData(76, false, false)]
    [InlineData(-600, false, true)]
    [InlineData(600, true, true)]
    public async Task A_watch_is_ended_if_it_may_run_because_it_was_due_soon_or_has_polled(int was, bool polled, bool ends)
    {
        var before = Due(was);
        var after = before with { Watch = before.Watch.Stop() with { LastPolledAt = polled ? _time.GetUtcNow() : null } };

        Assert.Equal(ends ? ["end"] : [], await HeardAsync(before, after));
    }

    [Fact]
    public async Task A_job_that_was_not_due_before_has_no_watch_to_end()
    {
        var stopped = Due(60) with { Watch = Due(60).Watch.Stop() with { LastPolledAt = _time.GetUtcNow() } };

        Assert.Empty(await HeardAsync(stopped, stopped));
        Assert.Empty(await HeardAsync(null, stopped));
    }

    [Fact]
    public async Task A_watch_is_not_notified_of_its_own_changes() => Assert.Empty(await HeardAsync(Due(600), Due(5), CommitCause.Watch));

    [Theory]
    [InlineData(CommitCause.Watch)]
    [InlineData(CommitCause.Outside)]
    public async Task The_publisher_is_notified_of_the_event_first(CommitCause cause)
    {
        var change = JobDecider.Decide(Key, Due(600), new DecisionInput.Report(Report(JobVerdict.Failed), null), JobDeciderTests.Source, _time.GetUtcNow())!;
        var committed = new OutboxEvent { Id = "e", Key = Key, Version = 2, Type = change.EventType!, Time = _time.GetUtcNow(), Body = default };

        await _observer.CommittedAsync(new(Due(60), change.Job, committed, cause), CancellationToken.None);

        Assert.Equal(cause == CommitCause.Watch ? ["event", "settled Failed"] : ["event", "settled Failed", "end"], _heard);
    }

    [Fact]
    public async Task An_outcome_is_logged_once_and_again_if_it_changes()
    {
        var settled = Settled(Due(600), JobVerdict.Succeeded);

        Assert.Equal(["settled Succeeded"], await HeardAsync(Due(600), settled));
        Assert.Equal(["settled Succeeded"], await HeardAsync(null, settled));
        Assert.Empty(await HeardAsync(settled, settled));
        Assert.Equal(["settled Succeeded"], await HeardAsync(settled with { IsExpired = true, Facts = JobFacts.None }, settled));
    }

    [Fact]
    public async Task An_outcome_of_a_job_named_only_by_hints_is_logged_once_something_genuine_names_it()
    {
        var nobodys = Settled(Due(600), JobVerdict.Succeeded) with { Origin = JobOrigin.Hint };

        Assert.Empty(await HeardAsync(Due(600), nobodys));
        Assert.Equal(["settled Succeeded"], await HeardAsync(nobodys, nobodys with { Origin = JobOrigin.Registration }));
    }

    [Fact]
    public async Task A_commit_that_cannot_be_measured_has_the_same_effects()
    {
        using var meter = new Meter($"{nameof(CommitObserverTests)}.failing");
        var unmeasured = 0L;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Meter == meter)
                    listening.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => throw new InvalidOperationException("not measured"));
        listener.SetMeasurementEventCallback<long>((instrument, count, _, _) => unmeasured += instrument.Name == "fopwatch.commits.unmeasured" ? count : 0);
        listener.Start();
        var observer = new CommitObserver(this, this, new(null!, _time), new(new byte[JobReferences.KeyLength]), this, new(meter, _time), _time);
        var settled = Settled(Due(60), JobVerdict.Failed);
        var committed = new OutboxEvent { Id = "e", Key = Key, Version = 2, Type = "t", Time = _time.GetUtcNow(), Body = default };

        await observer.CommittedAsync(new(Due(60), settled, committed, CommitCause.Outside), CancellationToken.None);

        Assert.Equal(["event", "settled Failed", "end"], _heard);
        Assert.Equal(1, unmeasured);
    }

    ValueTask<bool?> IWatchRunner.StartAsync(DueJob job, CancellationToken cancellationToken)
    {
        _heard.Add($"start {In(job)}");
        return new(true);
    }

    ValueTask IWatchRunner.WakeAsync(DueJob job, CancellationToken cancellationToken) => Hear($"wake {In(job)}");

    ValueTask IWatchRunner.EndAsync(JobKey key, CancellationToken cancellationToken) => Hear("end");

    ValueTask<RunningWatch?> IWatchRunner.StateAsync(JobKey key, CancellationToken cancellationToken) => default;

    void ICommittedEvents.Committed(OutboxEvent committed) => _heard.Add("event");

    void IOperatorLog.Settled(Job job, JobReferences references) => _heard.Add($"settled {job.State}");

    void IOperatorLog.Warn(Trouble trouble)
    {
    }

    void IOperatorLog.Over(Trouble trouble, TimeSpan lasted)
    {
    }

    private static JobReport Report(JobVerdict verdict) => new()
    {
        Id = Key.Id,
        Channel = ReportChannel.Notification,
        Facts = JobFacts.None with { Closed = true, Concluded = true, Verdict = verdict },
    };

    private Job Settled(Job job, JobVerdict verdict) => job.Apply(Report(verdict), _time.GetUtcNow()).Job is var settled && settled.HasOutcome
        ? settled with { Watch = settled.Watch.End() with { LastPolledAt = null } }
        : throw new InvalidOperationException("The job has no outcome.");

    private Job Due(int seconds) => Job.New(
        Key, ProviderKind.Qiniu, JobOrigin.Registration, Watch.Start(JobDeciderTests.Source.Poll, _time.GetUtcNow(), TimeSpan.FromSeconds(seconds)), _time.GetUtcNow());

    private async Task<List<string>> HeardAsync(Job? before, Job after, CommitCause cause = CommitCause.Outside)
    {
        _heard.Clear();
        await _observer.CommittedAsync(new(before, after, null, cause), CancellationToken.None);
        return [.. _heard];
    }

    private int In(DueJob job) => (int)(job.DueAt - _time.GetUtcNow()).TotalSeconds;

    private ValueTask Hear(string what)
    {
        _heard.Add(what);
        return default;
    }
}
