using System.Diagnostics.Metrics;
using FopWatch.Contracts;
using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.World;
using FopWatch.Statistics;
using FopWatch.Watching;

namespace FopWatch.Simulation.Tests;

/// <summary>What the core reports to the operator, on the store in memory.</summary>
public sealed class DiagnosisTests : IWatchRunner, ICommittedEvents, IStatusApi, IOperatorLog, IEventPublisher
{
    private static readonly Source Source = Scenario.NewSource(ProviderKind.Qiniu, Scenarios.Poll);
    private static readonly JobKey Key = new(Source.Name, "z0.job");

    private readonly ManualTimeProvider _time = new(Scenario.Start);
    private readonly MemoryStore _store = new();
    private readonly Troubles _troubles;
    private readonly JobRecorder _recorder;
    private readonly Poller _poller;
    private readonly List<string> _settled = [];
    private StatusAnswer _answer = new(PollAnswer.Unavailable);
    private Exception? _broker;

    public DiagnosisTests()
    {
        _troubles = new(this, _time);
        _recorder = new(new([Source]), _store, Unobserved.Observer(this, this, new(_store, _time), _store.References, _time, this), _time, new(1));
        _poller = Unobserved.Poller(new([Source]), _store, this, _recorder, _time, _troubles);
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(PollAnswer.Unavailable, TroubleKind.StatusApiUnreachable)]
    [InlineData(PollAnswer.Refused, TroubleKind.StatusApiRefuses)]
    [InlineData(PollAnswer.Throttled, TroubleKind.StatusApiThrottles)]
    [InlineData(PollAnswer.NotFound, TroubleKind.UnknownIds)]
    public async Task A_poll_without_a_result_is_a_trouble_of_its_kind_until_a_report_arrives(PollAnswer answer, TroubleKind kind)
    {
        await RegisterAsync();
        _time.Advance(TimeSpan.FromMinutes(2));

        await PollAsync(new(answer, Detail: "HTTP 000"));

        var trouble = Assert.Single(_troubles.Current);
        Assert.Equal((Source.Name, kind, 1), (trouble.Source, trouble.Kind, trouble.Count));
        Assert.StartsWith("HTTP 000", trouble.Detail, StringComparison.Ordinal);
        _time.Advance(Troubles.Quiet);
        await PollAsync(Running);
        Assert.Empty(_troubles.Current);
    }

    [Fact]
    public async Task A_poll_that_was_not_sent_is_not_a_trouble()
    {
        await RegisterAsync();

        await PollAsync(new(PollAnswer.Throttled, Asked: false));

        Assert.Empty(_troubles.Current);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_poll_put_off_without_a_request_is_measured_but_is_no_answer_in_the_statistics(bool isAsked)
    {
        using var meter = new Meter(Telemetry.Name);
        using var factory = new OneMeter(meter);
        var counted = new List<object?>();
        var statistics = new StatisticsCollector(new(), _time);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter == meter && instrument.Name == "fopwatch.polls")
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, labels, _) => counted.AddRange(Enumerable.Repeat(labels.ToArray().Single(label => label.Key == "answer").Value, (int)value)));
        listener.Start();
        var poller = new Poller(new([Source]), _store, this, _recorder, _troubles, new(factory, _time, statistics), _time, new(1));
        await RegisterAsync();
        _answer = new(PollAnswer.Throttled, Asked: isAsked);

        var polled = await poller.PollNowAsync(Key, Cancelled);

        Assert.Equal(["Throttled"], counted);
        Assert.Equal(isAsked ? 1 : 0, polled.Job?.Watch.TotalPolls);
        Assert.Equal(isAsked ? 1 : 0, statistics.Take(Source.Name, "one")?.Hours.Values.Sum(hour => hour[HourSum.PolledThrottled]) ?? 0);
    }

    [Fact]
    public async Task An_id_unknown_right_after_submission_or_named_only_by_a_hint_is_not_a_trouble()
    {
        await RegisterAsync();
        await PollAsync(new(PollAnswer.NotFound));
        Assert.Empty(_troubles.Current);

        await _recorder.HintAsync(Source, "z0.made-up", Cancelled);
        _time.Advance(TimeSpan.FromHours(1));
        _answer = new(PollAnswer.NotFound);
        await _poller.PollNowAsync(new(Source.Name, "z0.made-up"), Cancelled);

        Assert.Empty(_troubles.Current);
    }

    [Fact]
    public async Task Each_new_outcome_is_logged_once_with_the_reference()
    {
        await RegisterAsync();
        for (var i = 0; i < GivingUp.UnknownAnswers; i++)
        {
            _time.Advance(GivingUp.UnknownGrace);
            await PollAsync(new(PollAnswer.NotFound));
        }

        await PollAsync(new(PollAnswer.NotFound));
        await PollAsync(Failed);
        await PollAsync(Failed);
        await _recorder.RepublishAsync(Key, Cancelled);

        var reference = _store.References.Of(Key);
        Assert.Equal([$"Expired by Poll {reference}", $"Failed by Poll {reference}"], _settled);
    }

    [Fact]
    public async Task A_job_named_only_by_a_hint_is_not_logged()
    {
        await _recorder.HintAsync(Source, Key.Id, Cancelled);
        for (var i = 0; i < GivingUp.UnknownAnswers; i++)
        {
            _time.Advance(GivingUp.UnknownGrace);
            await PollAsync(new(PollAnswer.NotFound));
        }

        Assert.True(_store.Peek(Key)!.IsSettled);
        Assert.Empty(_settled);
    }

    [Fact]
    public async Task A_broker_that_refuses_events_is_a_trouble_until_it_accepts_them()
    {
        await RegisterAsync();
        await PollAsync(Failed);
        using var dispatcher = Unobserved.Dispatcher(_store, this, _time, _troubles);
        _broker = new InvalidOperationException("The broker is down.\nDetails");

        await Assert.ThrowsAsync<InvalidOperationException>(() => dispatcher.DrainAsync(Cancelled));

        var trouble = Assert.Single(_troubles.Current);
        Assert.Equal(
            (null, TroubleKind.PublishingFails, "InvalidOperationException: The broker is down."), (trouble.Source, trouble.Kind, trouble.Detail!.ToString()));
        _broker = null;
        _time.Advance(Troubles.Quiet);
        Assert.Equal(1, await dispatcher.DrainAsync(Cancelled));
        Assert.Empty(_troubles.Current);
    }

    ValueTask<bool?> IWatchRunner.StartAsync(DueJob job, CancellationToken cancellationToken) => default;

    ValueTask IWatchRunner.WakeAsync(DueJob job, CancellationToken cancellationToken) => default;

    ValueTask IWatchRunner.EndAsync(JobKey key, CancellationToken cancellationToken) => default;

    ValueTask<RunningWatch?> IWatchRunner.StateAsync(JobKey key, CancellationToken cancellationToken) => default;

    void ICommittedEvents.Committed(OutboxEvent committed)
    {
    }

    Task<StatusAnswer> IStatusApi.AskAsync(Source source, string id, bool isWorkflow, CancellationToken cancellationToken) => Task.FromResult(_answer);

    ValueTask IEventPublisher.PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken) =>
        _broker is null ? default : ValueTask.FromException(_broker);

    void IOperatorLog.Settled(Job job, JobReferences references) => _settled.Add($"{job.State} by {job.SettledBy} {references.Of(job.Key)}");

    void IOperatorLog.Warn(Trouble trouble)
    {
    }

    void IOperatorLog.Over(Trouble trouble, TimeSpan lasted)
    {
    }

    private static StatusAnswer Running => Report(JobFacts.None with { Progress = JobProgress.Processing });

    private static StatusAnswer Failed => Report(JobFacts.None with { Closed = true, Concluded = true, Verdict = JobVerdict.Failed });

    private static StatusAnswer Report(JobFacts facts) =>
        new(PollAnswer.Report, new() { Id = Key.Id, Channel = ReportChannel.Poll, Facts = facts });

    private Task<Job> RegisterAsync() => _recorder.RegisterAsync(Source, Key.Id, Job.NoMetadata, null, Cancelled);

    private Task<Polled> PollAsync(StatusAnswer answer)
    {
        _answer = answer;
        return _poller.PollNowAsync(Key, Cancelled);
    }

    private sealed class OneMeter(Meter meter) : IMeterFactory
    {
        public Meter Create(MeterOptions options) => meter;

        public void Dispose()
        {
        }
    }
}
