using System.Text.Json.Nodes;
using Azure.Data.Tables;
using FopWatch.Azure.Tables;
using FopWatch.Jobs;
using FopWatch.PollLimits;
using FopWatch.PortContracts.Stored;
using FopWatch.Publishing;

namespace FopWatch.Azure.Tests.Tables;

/// <summary>Tables written by earlier versions.</summary>
public sealed class StoredDataTests(SharedAzurite azurite) : StoredDataContract
{
    private static readonly string Folder = FixturesOf("FopWatch.Azure.Tests", "Fixtures");

    public static TheoryData<string> Versions => VersionsIn(Folder);

    protected override string Fixtures => Folder;

    // More than fits into a row: the store removes most of them.
    protected override int Outputs => 40_000;

    [Theory]
    [MemberData(nameof(Versions))]
    public Task A_table_of_an_earlier_version_gives_the_same_answers(string version) => AnswersAsync(version);

    [Theory]
    [MemberData(nameof(Versions))]
    public Task A_table_of_an_earlier_version_can_be_worked_on(string version) => WorkOnAsync(version);

    [Fact(Explicit = true)]
    public Task Write_the_fixture_of_this_version() => WriteAsync();

    protected override async Task<IStorePlace> PlaceAsync() => new Place(await azurite.StartedAsync());

    private sealed class Place(Azurite azurite) : IStorePlace
    {
        private const string Rows = "rows.jsonl.br";

        private readonly TableStoreOptions _options = new() { TableName = $"t{Guid.NewGuid():N}", Buckets = 3 };

        private TableClient Table => azurite.Client().GetTableClient(_options.TableName);

        public async Task<OpenStore> OpenAsync(TimeProvider time) => new Opened(await TableStore.CreateAsync(azurite.Client(), _options, time, Cancelled));

        public Task ReadFixtureAsync(string folder) => TableRows.ReadAsync(Table, Path.Combine(folder, Rows));

        public Task WriteFixtureAsync(string folder) => TableRows.WriteAsync(Table, Path.Combine(folder, Rows));

        public async ValueTask DisposeAsync() => await Table.DeleteAsync(CancellationToken.None);
    }

    private sealed class Opened(TableStore store) : OpenStore, IEventPublisher
    {
        private static readonly PollLease[] Leases = [new("one", 3, StoredHistory.End), new("other", 5, StoredHistory.End.AddSeconds(7))];

        public override IStore Store { get; } = store;

        public override IEventPublisher Publisher => this;

        public override Task PurgeAsync(DateTimeOffset settledBefore) => store.JobPurge.PurgeAsync(settledBefore, TimeSpan.MaxValue, Cancelled).AsTask();

        public override async Task PlayAsync()
        {
            Assert.True(await store.PollLeases.TryReplaceAsync("media", Leases, null, Cancelled));
            var timers = store.TimerRuns;
            await timers.LookedForAsync("Purge", Cancelled);
            await timers.RanAsync("SweepJobs", Cancelled);
            Assert.NotNull(await timers.TryTakeAsync((await timers.ReadAsync(Cancelled))[0], StoredHistory.End.AddMinutes(5), Cancelled));
        }

        public override async Task AddAnswersAsync(JsonObject answers)
        {
            answers["leases"] = StoreAnswers.Texts((await store.PollLeases.ReadAsync("media", Cancelled)).Leases.Select(lease => lease.ToString()));
            answers["timers"] = StoreAnswers.Texts((await store.TimerRuns.ReadAsync(Cancelled)).Select(run =>
                $"{run.Name}: {StoreAnswers.Time(run.Since)}, {Time(run.RanAt)}, {Time(run.TakenUntil)}"));

            static string Time(DateTimeOffset? time) => time is { } known ? StoreAnswers.Time(known) : "never";
        }

        public ValueTask PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
