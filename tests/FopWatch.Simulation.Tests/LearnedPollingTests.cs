using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.World;
using FopWatch.Statistics;
using FopWatch.Watching;
using Microsoft.Extensions.Logging.Abstractions;

namespace FopWatch.Simulation.Tests;

/// <summary>How late outcomes are found and how many polls that takes, measured with the production code over two days of jobs, of which the second counts.</summary>
public sealed class LearnedPollingTests(ITestOutputHelper output)
{
    private const int EachHour = 20;
    private const int Hours = 48;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("log-normal, 1 min", 0.95)]
    [InlineData("Weibull 2", 0.7)]
    [InlineData("gamma 4", 0.75)]
    [InlineData("40 s and 30 min", 0.5)]
    [InlineData("5 min and a queue", 0.4)]
    [InlineData("four classes", 0.8)]
    public async Task A_learning_source_finds_outcomes_sooner_with_no_more_polls(string ages, double most)
    {
        var learned = await new Run(PlanChoice.Learned, ages).MeasureAsync();
        var planned = await new Run(PlanChoice.Fixed, ages).MeasureAsync();

        output.WriteLine($"{ages}: polls {learned.Polls:0.00} of {planned.Polls:0.00} a job, delay {learned.Delay:0.0} s of {planned.Delay:0.0} s ({learned.Delay / planned.Delay:0.000})");
        Assert.InRange(learned.Polls / planned.Polls, 0, 1.03);
        Assert.InRange(learned.Delay / planned.Delay, 0, most);
    }

    /// <summary>A process with all its jobs. Both plans get the same jobs.</summary>
    private sealed class Run : IStatusApi, ICommitObserver
    {
        private readonly ManualTimeProvider _time = new(Scenario.Start);
        private readonly MemoryStore _store = new();
        private readonly MemoryStatistics _statistics = new();
        private readonly LearnedPlans _plans = new();
        private readonly StatisticsCollector _collector;
        private readonly StatisticsLoop _loop;
        private readonly PlanReader _reader;
        private readonly Source _source;
        private readonly JobRecorder _recorder;
        private readonly Poller _poller;
        private readonly Dictionary<string, (string Command, DateTimeOffset Over)> _jobs = new(StringComparer.Ordinal);
        private readonly List<(double At, string Command, double Seconds)> _registrations = [];

        public Run(PlanChoice plan, string ages)
        {
            _source = Scenario.NewSource(ProviderKind.Qiniu, new() { First = TimeSpan.FromSeconds(30), Plan = plan });
            var sources = new Sources([_source]);
            _collector = new(_plans, _time);
            _reader = new(sources, _statistics, _plans, NullLogger.Instance, _time);
            _loop = new(_collector, _statistics, _reader, NullLogger.Instance, _time, new(1));
            _recorder = new(sources, _store, this, _time, new(2), _plans);
            _poller = Unobserved.Poller(sources, _store, this, _recorder, _time, Unobserved.Troubles(_time));
            var random = new Random(3);
            for (var i = 0; i < Hours * EachHour; i++)
            {
                var (command, seconds) = Draw(ages, i, random);
                _registrations.Add((3600d / EachHour * (i + random.NextDouble()), command, seconds));
            }
        }

        public async Task<(double Polls, double Delay)> MeasureAsync()
        {
            var (next, hour) = (new PriorityQueue<string?, DateTimeOffset>(), 0);
            foreach (var (i, one) in _registrations.Index())
                next.Enqueue($"+{i}", Scenario.Start.AddSeconds(one.At));
            for (; next.TryPeek(out _, out var at); hour++)
            {
                while (next.TryPeek(out var id, out at) && at < Scenario.Start.AddHours(hour + 1))
                {
                    next.Dequeue();
                    _time.AdvanceTo(at);
                    if (await StepAsync(id!) is { Watch.NextPollAt: { } due } job)
                        next.Enqueue(job.Key.Id, due);
                }

                _time.AdvanceTo(Scenario.Start.AddHours(hour + 1));
                await _loop.AddAsync(Cancelled);
                await _reader.RefreshAsync(Cancelled);
            }

            var counted = _jobs.Where(one => one.Value.Over >= Scenario.Start.AddHours(Hours / 2)).Select(one => (one.Value.Over, Job: _store.Peek(new(_source.Name, one.Key))!)).ToList();
            Assert.All(counted, one => Assert.Equal(JobState.Succeeded, one.Job.State));
            return (counted.Average(one => one.Job.Watch.TotalPolls), counted.Average(one => (one.Job.SettledAt!.Value - one.Over).TotalSeconds));
        }

        Task<StatusAnswer> IStatusApi.AskAsync(Source source, string id, bool isWorkflow, CancellationToken cancellationToken)
        {
            var (command, over) = _jobs[id];
            var isOver = _time.GetUtcNow() >= over;
            var facts = JobFacts.None.WithItems([new() { Command = command, State = isOver ? ItemState.Succeeded : ItemState.Processing }]);
            return Task.FromResult(new StatusAnswer(PollAnswer.Report, new()
            {
                Id = id,
                Channel = ReportChannel.Poll,
                Facts = isOver ? facts with { Closed = true, Concluded = true, Verdict = JobVerdict.Succeeded } : facts with { Progress = JobProgress.Processing },
            }));
        }

        ValueTask ICommitObserver.CommittedAsync(JobCommitted committed, CancellationToken cancellationToken)
        {
            _collector.Committed(committed);
            return default;
        }

        private async Task<Job?> StepAsync(string id)
        {
            if (id[0] != '+')
                return (await _poller.PollDueAsync(new(_source.Name, id), null, CommitCause.Watch, Cancelled)).Job;
            var (_, command, seconds) = _registrations[int.Parse(id, System.Globalization.CultureInfo.InvariantCulture)];
            var name = $"z0.{id[1..]}";
            _jobs[name] = (command, _time.GetUtcNow().AddSeconds(seconds));
            var registration = new DecisionInput.Registration(Job.NoMetadata, null);
            return (await _recorder.RecordAsync(new(_source.Name, name), registration, Cancelled)).Job;
        }

        private static (string Command, double Seconds) Draw(string ages, int number, Random random) => ages switch
        {
            "log-normal, 1 min" => ("avthumb/mp4", 60 * Math.Exp(0.8 * Normal(random))),
            "Weibull 2" => ("avthumb/mp4", 200 * Math.Sqrt(Exponential(random))),
            "gamma 4" => ("avthumb/mp4", 30 * (Exponential(random) + Exponential(random) + Exponential(random) + Exponential(random))),
            "40 s and 30 min" => ("avthumb/mp4", (random.NextDouble() < 0.5 ? 40 : 1800) * Math.Exp(0.2 * Normal(random))),
            "5 min and a queue" => ("avthumb/mp4", 300 + (60 * Exponential(random))),
            "four classes" => ((string[])["avthumb/mp4", "vframe/jpg", "avinfo", "odconv/pdf"])[number % 4] is var command
                ? (command, ((double[])[45, 300, 900, 3600])[number % 4] * Math.Exp(0.2 * Normal(random)))
                : default,
            _ => throw new ArgumentOutOfRangeException(nameof(ages), ages, null),
        };

        private static double Normal(Random random) => Math.Sqrt(2 * Exponential(random)) * Math.Cos(2 * Math.PI * random.NextDouble());

        private static double Exponential(Random random) => -Math.Log(1 - random.NextDouble());
    }
}
