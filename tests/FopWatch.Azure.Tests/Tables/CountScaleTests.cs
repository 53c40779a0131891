using System.Globalization;
using System.Net;
using System.Text;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using FopWatch.Azure.Tables;
using FopWatch.Jobs;
using FopWatch.PortContracts;

namespace FopWatch.Azure.Tests.Tables;

/// <summary>
/// The cost of counting a partition with very many jobs, without the cost of the service: a handler generates the rows.
/// With <c>FOPWATCH_COUNT_JOBS=625000</c> it is one of the sixteen partitions of ten million jobs. It measures the memory of the process, so no other test
/// may run at the same time.
/// </summary>
[Collection(nameof(CountScaleTests))]
[CollectionDefinition(nameof(CountScaleTests), DisableParallelization = true)]
public class CountScaleTests
{
    private const int PageLength = 1000;

    private static readonly int Jobs = int.TryParse(Environment.GetEnvironmentVariable("FOPWATCH_COUNT_JOBS"), CultureInfo.InvariantCulture, out var jobs) ? jobs : 60_000;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 300_000)]
    public async Task A_partition_with_any_number_of_jobs_is_counted_in_little_memory()
    {
        using var made = new MadeUpPartition(Jobs);
        using var http = new HttpClient(made);
        using var transport = new HttpClientTransport(http);
        var client = new TableServiceClient(
            new Uri("http://127.0.0.1/a"), new TableSharedKeyCredential("a", Convert.ToBase64String(new byte[64])), new TableClientOptions { Transport = transport });
        var store = await TableStore.CreateAsync(client, new() { TableName = "jobs", Buckets = 1 }, TimeProvider.System, Cancelled);
        await store.Jobs.CountAsync("media|0", 10, Cancelled);
        made.Begin();
        var started = TimeProvider.System.GetTimestamp();

        var count = await store.Jobs.CountAsync("media|0", 10, Cancelled);

        var megabytes = made.MostMemory / 1048576.0;
        TestContext.Current.TestOutputHelper!.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Jobs} jobs: {made.Pages} pages, {TimeProvider.System.GetElapsedTime(started).TotalSeconds:0.0} s, {megabytes:0} MB held at most"));
        Assert.Equal([new Books("media", Jobs, Jobs, 0, 0, 0)], count.Books);
        Assert.Empty(count.Unwatched);
        Assert.Equal((2 * Jobs) / PageLength, made.Pages);
        Assert.True(megabytes <= 8 + (Jobs * 80 / 1048576.0), $"{megabytes:0} MB");
    }

    /// <summary>The service, with a partition of settled jobs.</summary>
    private sealed class MadeUpPartition(int jobs) : HttpMessageHandler
    {
        private const string Next = "x-ms-continuation-NextRowKey";

        private long _before;

        public int Pages { get; private set; }

        public long MostMemory { get; private set; }

        public void Begin() => (Pages, MostMemory, _before) = (0, 0, GC.GetTotalMemory(forceFullCollection: true));

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Method != HttpMethod.Get)
            {
                var done = new HttpResponseMessage(HttpStatusCode.NoContent);
                done.Headers.TryAddWithoutValidation("ETag", "W/\"1\"");
                return Task.FromResult(done);
            }

            var query = Uri.UnescapeDataString(request.RequestUri!.Query);
            var answer = new HttpResponseMessage(HttpStatusCode.OK);
            if (!query.Contains("media|0", StringComparison.Ordinal))
            {
                answer.Content = Json("""{"value":[]}""");
                return Task.FromResult(answer);
            }

            var from = query.Split("NextRowKey=") is [_, var key, ..] ? int.Parse(key.Split('&')[0], CultureInfo.InvariantCulture) : 0;
            var page = new StringBuilder("""{"value":[""");
            for (var row = from; row < from + PageLength; row++)
                page.Append(row > from ? "," : "").Append(Row(row));
            answer.Content = Json(page.Append("]}").ToString());
            if (from + PageLength < 2 * jobs)
            {
                answer.Headers.Add("x-ms-continuation-NextPartitionKey", "media|0");
                answer.Headers.Add(Next, (from + PageLength).ToString(CultureInfo.InvariantCulture));
            }

            Pages++;
            if (Pages % (jobs / PageLength / 4) == 0)
                MostMemory = Math.Max(MostMemory, GC.GetTotalMemory(forceFullCollection: true) - _before);
            return Task.FromResult(answer);
        }

        private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

        private string Row(int number)
        {
            var id = string.Create(CultureInfo.InvariantCulture, $"z0.{number % jobs:x24}");
            var registered = Sample.Start.AddSeconds(-(number % jobs));
            var rowKey = number < jobs ? RowKeys.Job(id) : RowKeys.ListedAt(registered, id);
            return $$"""{"odata.etag":"W/\"1\"","PartitionKey":"media|0","RowKey":"{{rowKey}}","State":"succeeded","Settled":true,"Stopped":false,"RegisteredAt@odata.type":"Edm.DateTime","RegisteredAt":"{{registered.UtcDateTime:O}}"}""";
        }
    }
}
