using FopWatch.Api;
using FopWatch.Azure.Tables;
using FopWatch.Diagnosis;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Overviews;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Settings;
using FopWatch.Statistics;
using FopWatch.Watching;
using Microsoft.Extensions.Logging.Abstractions;

namespace FopWatch.Azure.Tests.Tables;

/// <summary>Two instances of the cloud host share tables, and each counts for itself until it adds to them.</summary>
public sealed class OverviewOfInstancesTests(SharedAzurite azurite)
{
    private static readonly FopWatchSettings Settings = FopWatchSettings.Read(new Dictionary<string, string?>
    {
        ["Sources:media:Provider"] = "Qiniu",
        ["Sources:media:NotifyTokens:0"] = "right-token",
    });

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_each_of_them_counted_adds_up_in_the_overview_of_either()
    {
        await using var table = await TempTable.OpenAsync(await azurite.StartedAsync());
        var time = new SetTime(Sample.Start);
        var (one, other) = (await InstanceAsync(), await InstanceAsync());

        // A job that one registers and the other hears of is one job for both.
        await one.RegisterAsync("a", "b", "c");
        await other.RegisterAsync("d");
        await other.SettleAsync("a", Trust.Strong);
        await one.SettleAsync("d", Trust.Weak);
        one.Counts.Polled("media", PollAnswer.Report);
        other.Counts.Polled("media", PollAnswer.NotFound);

        // What was counted and not added yet, only its own instance knows.
        Assert.Equal(new Counted(3, 1, 1, 1, 0), await one.ReadAsync());
        Assert.Equal(new Counted(1, 1, 1, 0, 1), await other.ReadAsync());

        await one.AddAsync();
        Assert.Equal(new Counted(3, 1, 1, 1, 0), await one.ReadAsync());
        Assert.Equal(new Counted(4, 2, 2, 1, 1), await other.ReadAsync());

        await other.AddAsync();
        Assert.Equal(new Counted(4, 2, 2, 1, 1), await one.ReadAsync());
        Assert.Equal(new Counted(4, 2, 2, 1, 1), await other.ReadAsync());

        // Both go on at once, and one that is new has counted nothing itself.
        await Task.WhenAll(GoOnAsync(one, "one"), GoOnAsync(other, "other"));
        Assert.All(
            (Counted[])[await one.ReadAsync(), await other.ReadAsync(), await (await InstanceAsync()).ReadAsync()],
            counted => Assert.Equal(new Counted(4 + 20, 2, 2, 1, 1), counted));

        async Task<Instance> InstanceAsync() => new(await table.StoreAsync(time: time), time);

        static async Task GoOnAsync(Instance instance, string name)
        {
            for (var number = 0; number < 10; number++)
            {
                await instance.RegisterAsync($"{name}{number}");
                await instance.AddAsync();
            }
        }
    }

    private sealed class Instance : ICommitObserver
    {
        private readonly JobRecorder _recorder;
        private readonly StatisticsLoop _loop;
        private readonly OverviewReader _reader;

        public Instance(TableStore store, TimeProvider time)
        {
            var (plans, troubles) = (new LearnedPlans(), new Troubles(new OperatorLog(NullLogger<OperatorLog>.Instance), time));
            Counts = new(plans, time);
            _recorder = new(Settings.Sources, store.Jobs, this, time, new Random(1));
            _loop = new(Counts, store.Statistics, new(Settings.Sources, store.Statistics, plans, NullLogger.Instance, time), NullLogger.Instance, time, Random.Shared);
            _reader = new(store.Jobs, store.Due, store.Quarantine, store.Statistics, Counts, plans, troubles, time);
        }

        public StatisticsCollector Counts { get; }

        public ValueTask CommittedAsync(JobCommitted committed, CancellationToken cancellationToken)
        {
            Counts.Committed(committed);
            return default;
        }

        public async Task RegisterAsync(params string[] ids)
        {
            foreach (var id in ids)
                await _recorder.RecordAsync(new("media", id), new DecisionInput.Registration(Job.NoMetadata, null), Cancelled);
        }

        public async Task SettleAsync(string id, Trust trust)
        {
            var report = new JobReport
            {
                Id = id,
                Channel = ReportChannel.Notification,
                Facts = JobFacts.None with { Closed = true, Concluded = true, Verdict = JobVerdict.Succeeded },
            };
            await _recorder.RecordAsync(new("media", id), new DecisionInput.Report(report, null) { Trust = trust }, Cancelled);
            Counts.Notified("media", trust, NotificationResult.Recorded);
        }

        public Task AddAsync() => _loop.AddAsync(Cancelled);

        public async Task<Counted> ReadAsync()
        {
            var overview = await _reader.ReadAsync(Settings.Sources.All, 24, withInstallation: true, Cancelled);
            var hour = Assert.Single(overview.Timeline);
            return new(hour.Registered, hour.Notified.Strong + hour.Notified.Weak, hour.Settled.Succeeded.Notification, hour.Polled.Report, hour.Polled.NotFound);
        }
    }

    private sealed record Counted(long Registered, long Notified, long Succeeded, long Reports, long NotFound);
}
