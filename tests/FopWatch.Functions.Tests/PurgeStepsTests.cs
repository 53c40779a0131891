using FopWatch.Azure.Tables;
using FopWatch.Functions.Upkeep;
using FopWatch.Settings;
using FopWatch.Statistics;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Microsoft.DurableTask.Client.Grpc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Protobuf = Microsoft.DurableTask.Protobuf;

namespace FopWatch.Functions.Tests;

/// <summary>A backlog of ended watches, which the Functions host deletes in steps, simulated on the wire.</summary>
public class PurgeStepsTests(SharedAzurite azurite)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Watches_are_purged_in_steps_until_the_host_reports_the_end()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real());
        var backlog = new Backlog(steps: 3);

        await PurgeAsync(host, backlog);

        Assert.Equal(3, backlog.Asked.Count);
        Assert.All(backlog.Asked, filter =>
        {
            // The host's clients cancel a call after 100 seconds.
            Assert.InRange(filter.Timeout.ToTimeSpan().TotalSeconds, 1, 60);
            Assert.Equal(
                [Protobuf.OrchestrationStatus.Completed, Protobuf.OrchestrationStatus.Failed, Protobuf.OrchestrationStatus.Terminated],
                filter.RuntimeStatus.Order());
        });
    }

    [Fact]
    public async Task A_host_that_does_not_report_whether_there_are_more_is_asked_once()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real());
        var backlog = new Backlog(steps: 1) { IsComplete = null };

        await PurgeAsync(host, backlog);

        Assert.Single(backlog.Asked);
    }

    [Fact]
    public async Task An_endless_backlog_is_left_to_the_next_purge_before_the_invocation_is_ended()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real());
        var backlog = new Backlog(steps: int.MaxValue);
        var time = new StepTime(Purge.Longest / 5);

        await PurgeAsync(host, backlog, time);

        Assert.InRange(backlog.Asked.Count, 2, 6);
    }

    [Fact]
    public async Task A_failing_purge_of_statistics_stops_nothing()
    {
        await using var host = await WatchHost.StartAsync(await azurite.StartedAsync(), TestTime.Real());
        var (backlog, statistics) = (new Backlog(steps: 1), new FailingStatistics());
        var purgedBefore = host.Services.GetRequiredService<TimeProvider>().GetUtcNow() - host.Services.GetRequiredService<FopWatchSettings>().Retention.Add(TimeSpan.FromHours(1));
        await host.Services.GetRequiredService<TableStore>().PurgeMarks.WriteAsync(new(purgedBefore, null), Cancelled);

        await PurgeAsync(host, backlog, statistics);

        Assert.Equal(1, statistics.Purges);
        Assert.NotEmpty(backlog.Asked);
    }

    private sealed class FailingStatistics : IStatistics
    {
        public int Purges { get; private set; }

        ValueTask IStatistics.AddAsync(StatisticsDelta delta, CancellationToken cancellationToken) => throw new NotSupportedException();

        ValueTask<IReadOnlyList<StatisticsHour>> IStatistics.ReadHoursAsync(string source, DateTimeOffset from, DateTimeOffset before, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        ValueTask<LatestActivity> IStatistics.ReadLatestAsync(string source, CancellationToken cancellationToken) => throw new NotSupportedException();

        ValueTask<IReadOnlyList<KnownClass>> IStatistics.ReadAgesAsync(string source, DateTimeOffset now, CancellationToken cancellationToken) => throw new NotSupportedException();

        ValueTask IStatistics.PurgeAsync(DateTimeOffset now, CancellationToken cancellationToken)
        {
            Purges++;
            throw new InvalidOperationException("damaged");
        }
    }

    private static async Task PurgeAsync(WatchHost host, Backlog backlog, object? part = null)
    {
        var purge = part is null
            ? host.Services.GetRequiredService<Purge>()
            : ActivatorUtilities.CreateInstance<Purge>(host.Services, part);
        using var channel = GrpcChannel.ForAddress("http://127.0.0.1:1");
        await using var client = new GrpcDurableTaskClient("", new() { CallInvoker = channel.Intercept(backlog) }, NullLogger.Instance);
        await purge.RunAsync(new(), client, Cancelled);
    }

    private sealed class Backlog(int steps) : Interceptor
    {
        private int _left = steps;

        /// <summary>The answer to the last step.</summary>
        public bool? IsComplete { get; init; } = true;

        public List<Protobuf.PurgeInstanceFilter> Asked { get; } = [];

        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
            TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
        {
            Asked.Add(((Protobuf.PurgeInstancesRequest)(object)request).PurgeInstanceFilter);
            var answer = new Protobuf.PurgeInstancesResponse { DeletedInstanceCount = 100, IsComplete = --_left > 0 ? false : IsComplete };
            return new(Task.FromResult((TResponse)(object)answer), Task.FromResult(new Metadata()), () => Status.DefaultSuccess, () => [], () => { });
        }
    }
}
