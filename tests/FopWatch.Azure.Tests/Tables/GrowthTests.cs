using System.Globalization;
using System.Text.Json;
using Azure.Data.Tables;
using FopWatch.Azure.Tables;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.PortContracts;

namespace FopWatch.Azure.Tests.Tables;

/// <summary>
/// The requests to the service and the rows in its answers, with few open jobs and with many. <c>FOPWATCH_GROWTH_JOBS=50000</c> raises the number.
/// </summary>
public sealed class GrowthTests(SharedAzurite azurite)
{
    private const int Few = 1000;
    private const int Buckets = 16;
    private const int RowsOfAnOpenJob = 3;
    private const int PageLength = 1000;
    private const string Sweep = "sweep of the books";

    private static readonly int Many = int.TryParse(Environment.GetEnvironmentVariable("FOPWATCH_GROWTH_JOBS"), CultureInfo.InvariantCulture, out var jobs) ? jobs : 5000;

    // Later than the day in which instances without references may write jobs.
    private static readonly DateTimeOffset Registered = Sample.Start.AddDays(2);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 600_000)]
    public async Task The_cost_of_lists_searches_and_minutely_looks_does_not_depend_on_the_number_of_jobs_and_a_sweep_reads_every_job()
    {
        var few = await MeasureAsync(Few);
        var many = await MeasureAsync(Many);

        foreach (var (what, cost) in few)
            TestContext.Current.TestOutputHelper!.WriteLine($"{what}: {cost} with {Few} jobs, {many[what]} with {Many}");
        Assert.Equal(few.Where(one => one.Key != Sweep), many.Where(one => one.Key != Sweep));
        Assert.Equal(Few * RowsOfAnOpenJob, few[Sweep].Rows);
        Assert.Equal(Many * RowsOfAnOpenJob, many[Sweep].Rows);

        // Each partition is read to its end, a thousand rows at a time, and its counts are written.
        Assert.Equal(2 * Buckets, few[Sweep].Requests);
        Assert.InRange(many[Sweep].Requests, Buckets + (many[Sweep].Rows / PageLength), (2 * Buckets) + (many[Sweep].Rows / PageLength));
    }

    private async Task<Dictionary<string, Cost>> MeasureAsync(int jobs)
    {
        await using var table = await TempTable.OpenAsync(await azurite.StartedAsync(), Buckets);
        await FillAsync(table, jobs);
        var wire = new CountedAnswers();
        var store = await table.StoreAsync(options => options.Transport = ServiceAnswers.Transport(wire), new SetTime(Registered.AddDays(1)));
        var costs = new Dictionary<string, Cost>();

        var first = await store.Jobs.ListAsync(new() { Source = "media" }, Cancelled);
        Add("first page of 100", first.Elements.Count == 100);
        var next = await store.Jobs.ListAsync(new() { Source = "media", Continuation = first.Continuation }, Cancelled);
        Add("next page of 100", next.Elements.Count == 100);
        Add("page of 100 of a state", (await store.Jobs.ListAsync(new() { Source = "media", States = [JobState.Waiting] }, Cancelled)).Elements.Count == 100);
        Add("page of a state that no job is in", (await store.Jobs.ListAsync(new() { Source = "media", States = [JobState.Failed] }, Cancelled)).Elements.Count == 0);
        Add("one job", await store.Jobs.FindAsync(KeyOf(jobs / 2), Cancelled) is not null);
        Add("search by reference", await store.Jobs.FindByReferenceAsync("media", store.Jobs.References.Of(KeyOf(jobs / 2)), Cancelled) is not null);
        Add("search that finds nothing", await store.Jobs.FindByReferenceAsync("media", store.Jobs.References.Of(new("media", "none")), Cancelled) is null);
        Add("query for due jobs, 100 or more due", (await store.Due.DueAsync("media", null, DateTimeOffset.MaxValue, 100, Cancelled)).Count == 100);
        Add("query for due jobs, none due", (await store.Due.DueAsync("media", null, Registered, 100, Cancelled)).Count == 0);
        Add("depth of the outbox", await store.Outbox.DepthAsync(Cancelled) is (0, null));
        var parts = await store.Jobs.PartsAsync(Cancelled);
        Add("parts of the books", parts.Count == Buckets);
        var open = 0L;
        foreach (var part in parts)
            open += (await store.Jobs.CountAsync(part.Name, 10, Cancelled)).Books.Sum(books => books.Open);
        Add(Sweep, open == jobs);
        return costs;

        void Add(string what, bool isAsExpected)
        {
            Assert.True(isAsExpected, what);
            costs.Add(what, wire.Take());
        }
    }

    /// <summary>Writes open jobs as commits do, many in one transaction.</summary>
    private static async Task FillAsync(TempTable table, int jobs)
    {
        await table.Rows.AddEntityAsync(new TableEntity(RowKeys.TablePartition, RowKeys.Source("media")), Cancelled);
        var partitions = Enumerable.Range(0, jobs)
            .Select(number => Sample.Job(KeyOf(number).Id, after: Registered - Sample.Start + TimeSpan.FromSeconds(number)))
            .GroupBy(job => RowKeys.Partition(job.Key, Buckets));
        await Parallel.ForEachAsync(partitions, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Cancelled }, async (partition, cancelled) =>
        {
            foreach (var some in partition.Chunk(25))
            {
                await table.Rows.SubmitTransactionAsync(
                    some.SelectMany(job => Rows(table, partition.Key, job)).Select(row => new TableTransactionAction(TableTransactionActionType.Add, row)), cancelled);
            }
        });
    }

    private static IEnumerable<TableEntity> Rows(TempTable table, string partition, Job job) =>
    [
        JobRows.Of(partition, job.New()).Row,
        JobRows.Listed(partition, job),
        new(partition, RowKeys.Reference(table.Store.Jobs.References.Of(job.Key))) { ["Id"] = job.Key.Id },
        new(partition, RowKeys.DueAt(job.Watch.DueAt!.Value, job.Key.Id)),
    ];

    private static JobKey KeyOf(int number) => new("media", string.Create(CultureInfo.InvariantCulture, $"z0.{number:x24}"));

    private readonly record struct Cost(int Requests, int Rows)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Requests} requests, {Rows} rows");
    }

    /// <summary>Counts requests and the rows in their answers.</summary>
    private sealed class CountedAnswers : DelegatingHandler
    {
        private readonly Lock _lock = new();
        private Cost _cost;

        public Cost Take()
        {
            lock (_lock)
            {
                var taken = _cost;
                _cost = default;
                return taken;
            }
        }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var answer = await base.SendAsync(request, cancellationToken);
            var rows = 0;
            if (request.Method == HttpMethod.Get && answer.IsSuccessStatusCode)
            {
                await answer.Content.LoadIntoBufferAsync(cancellationToken);
                using var body = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(cancellationToken));
                rows = body.RootElement.TryGetProperty("value", out var all) && all.ValueKind == JsonValueKind.Array ? all.GetArrayLength() : 1;
            }

            lock (_lock)
                _cost = new(_cost.Requests + 1, _cost.Rows + rows);
            return answer;
        }
    }
}
