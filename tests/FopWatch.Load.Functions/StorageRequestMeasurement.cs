using System.Globalization;
using FopWatch.Load.Generating;
using FopWatch.Load.Reporting;

namespace FopWatch.Load.Functions;

/// <summary>The number of storage requests of the cloud host, counted at Azurite. Each of them is billed.</summary>
internal static class StorageRequestMeasurement
{
    private const string Hub = "FopWatch";
    private const int PollsOfAJob = 10;

    // Not the task hub's queues, whose names start with the same letters.
    private static readonly string[] JobTable = ["/fopwatch(", "/fopwatch?"];

    public static async Task<Table> RunAsync(LoadOptions options)
    {
        Progress.Report("Cloud: storage requests");
        var table = new Table("Cloud host: requests to storage", "what", "times", "requests each", "failed");
        await using var provider = await StatusStub.StartAsync();
        provider.Answer = (id, before) => (200, before < PollsOfAJob - 1 ? StatusStub.Processing(id) : StatusStub.Done(id));
        await using var app = await MeasuredApp.FopWatchAsync(
            ("FopWatch__Sources__media__StatusEndpoint", provider.Endpoint.AbsoluteUri),
            ("FopWatch__Sources__media__Poll__PerSecond", "1000"),
            ("FopWatch__Sources__media__Poll__First", "00:00:02"),
            ("FopWatch__Sources__media__Poll__Factor", "1"),
            ("FopWatch__Sources__media__Poll__Max", "00:00:02"));
        var warm = new JobIds();
        await RequestLoop.RunAsync(app.Url, 1, () => new NotificationRequests(app.Url, warm), options.WarmUp);
        await TakeAsync(app);
        var idleSince = TimeProvider.System.GetTimestamp();
        await Task.Delay(options.Seconds);
        var idle = (await TakeAsync(app)) / TimeProvider.System.GetElapsedTime(idleSince).TotalSeconds;

        var ids = new JobIds();
        LoadResult result = null!;
        var notified = await CountAsync(async () =>
            result = await RequestLoop.RunAsync(app.Url, 1, () => new NotificationRequests(app.Url, ids), options.Seconds));
        table.Add("notification of an unknown id", Table.Number(result.Done), Table.Number(notified / result.Done), table.Failures("notification", result.Failed));

        var jobs = Math.Clamp((int)options.Seconds.TotalSeconds, 1, 20);
        var polled = new JobIds(jobs);
        var polls = await CountAsync(async () =>
        {
            await app.RegisterAsync(polled, jobs, each: 1, TimeSpan.FromSeconds(2));
            while (Enumerable.Range(0, jobs).Any(i => provider.TimesAsked(polled[i]) < PollsOfAJob))
                await Task.Delay(250);
        });
        table.Add(
            "poll of a job that its tenth settles, with a tenth of its registration and of the start and end of its watch",
            Table.Number(jobs * PollsOfAJob),
            Table.Number(polls / (jobs * PollsOfAJob)),
            Table.Number(0));
        return table;

        async Task<double> CountAsync(Func<Task> act)
        {
            await TakeAsync(app);
            var began = TimeProvider.System.GetTimestamp();
            await act();
            var count = await TakeAsync(app);
            return count - (idle * TimeProvider.System.GetElapsedTime(began).TotalSeconds);
        }
    }

    /// <summary>The requests since the last call, once Azurite's log has them. Reads of queues and renewals of leases depend on the time and are left out.</summary>
    private static async Task<int> TakeAsync(MeasuredApp app)
    {
        await Task.Delay(1000);
        var kinds = app.Azurite.TakeRequests()
            .Select(request => JobTable.Any(table => request.Contains(table, StringComparison.Ordinal)) ? $"{request.Split(' ')[0]} jobs" : DurableRequest.KindOf(request, Hub))
            .OfType<string>()
            .CountBy(kind => kind)
            .ToList();
        Progress.Report("Requests: " + string.Join(", ", kinds.Select(kind => string.Create(CultureInfo.InvariantCulture, $"{kind.Value} {kind.Key}"))));
        return kinds.Sum(kind => kind.Value);
    }
}
