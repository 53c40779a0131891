using System.IO.Compression;
using System.Text.Json.Nodes;
using FopWatch.PortContracts;
using FopWatch.PortContracts.Stored;
using FopWatch.Publishing;
using FopWatch.Sqlite;

namespace FopWatch.Local.Tests.Storage;

/// <summary>Data folders written by earlier versions.</summary>
public sealed class StoredDataTests : StoredDataContract
{
    private static readonly string Folder = FixturesOf("FopWatch.Local.Tests", "Fixtures");

    private bool _isBroker;

    /// <summary>Each version with and without the log as the broker.</summary>
    public static TheoryData<string, bool> Versions
    {
        get
        {
            var versions = new TheoryData<string, bool>();
            foreach (var version in VersionsIn(Folder))
            {
                versions.Add(version, false);
                versions.Add(version, true);
            }

            return versions;
        }
    }

    protected override string Fixtures => Folder;

    protected override int Outputs => 200;

    [Theory]
    [MemberData(nameof(Versions))]
    public Task A_folder_of_an_earlier_version_gives_the_same_answers(string version, bool isBroker)
    {
        _isBroker = isBroker;
        return AnswersAsync(version);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public Task A_folder_of_an_earlier_version_can_be_worked_on(string version, bool isBroker)
    {
        _isBroker = isBroker;
        return WorkOnAsync(version);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Positions_in_the_log_of_an_earlier_version_are_known_and_keep_their_epochs(string version, bool isBroker)
    {
        _isBroker = isBroker;
        await using var place = await PlaceAsync();
        await using var store = (Opened)await OpenAsync(place, version, new SetTime(StoredHistory.End));
        var log = store.Store.Events;
        var (first, last) = (await log.FirstSeqAsync(Cancelled), await log.LastSeqAsync(Cancelled));
        var positions = Expected(version)["log"]!.AsArray().Select(line => line!["position"]!.GetValue<string>()).ToList();
        Assert.Equal(last - first + 1, positions.Count);
        Assert.True(positions.Select(position => position.Split('-')[1]).Distinct().Count() > 1);

        await log.PublishAsync([Sample.Event("z0.next")], Cancelled);

        foreach (var text in positions)
        {
            Assert.True(EventPosition.TryParse(text, out var position));
            Assert.Equal(position, log.Epochs.PositionOf(position.Seq));
            Assert.Equal(position.Seq, log.Epochs.KnownUpTo(position, last + 1));
        }

        Assert.DoesNotContain(log.Epochs.PositionOf(last + 1).Epoch, positions.Select(position => position.Split('-')[1]));
    }

    [Fact(Explicit = true)]
    public Task Write_the_fixture_of_this_version() => WriteAsync();

    /// <inheritdoc/>
    protected override JsonObject Expected(string version)
    {
        var expected = base.Expected(version);

        // 0.1.0 also kept the books of its single part, but reported that part only after a count.
        expected["parts"] = new JsonObject
        {
            [""] = new JsonObject { ["countedAt"] = StoreAnswers.Time(StoredHistory.End), ["books"] = expected["books"]!.DeepClone() },
        };
        return expected;
    }

    protected override Task<IStorePlace> PlaceAsync() => Task.FromResult<IStorePlace>(new Place(_isBroker));

    private sealed class Place(bool isBroker) : IStorePlace
    {
        private const string Packed = "fopwatch.db.br";

        private readonly TempFolder _folder = new();

        public async Task<OpenStore> OpenAsync(TimeProvider time) =>
            new Opened(await SqliteStore.OpenAsync(_folder.FullName, time, new() { IsBroker = isBroker }, Cancelled));

        public async Task ReadFixtureAsync(string folder)
        {
            await using var packed = new BrotliStream(File.OpenRead(Path.Combine(folder, Packed)), CompressionMode.Decompress);
            await using var database = File.Create(_folder.DatabasePath);
            await packed.CopyToAsync(database, Cancelled);
        }

        public async Task WriteFixtureAsync(string folder)
        {
            // Nothing remains in the write-ahead log after the store is closed.
            Assert.Equal(["fopwatch.db", "fopwatch.lock"], Directory.GetFiles(_folder.FullName).Select(Path.GetFileName).Order(StringComparer.Ordinal));
            await using var packed = new BrotliStream(File.Create(Path.Combine(folder, Packed)), CompressionLevel.SmallestSize);
            await packed.WriteAsync(await File.ReadAllBytesAsync(_folder.DatabasePath, Cancelled), Cancelled);
        }

        public ValueTask DisposeAsync()
        {
            _folder.Dispose();
            return ValueTask.CompletedTask;
        }
    }

    private sealed class Opened(SqliteStore store) : OpenStore
    {
        public override SqliteStore Store => store;

        public override IEventPublisher Publisher => store.Events;

        public override Task PurgeAsync(DateTimeOffset settledBefore) => store.Upkeep.PurgeAsync(settledBefore, settledBefore.AddDays(30), Cancelled).AsTask();

        public override async Task AddAnswersAsync(JsonObject answers)
        {
            var log = new JsonArray();
            foreach (var one in await store.Events.ReadAsync(0, 1000, Cancelled))
            {
                log.Add(new JsonObject
                {
                    ["position"] = store.Events.Epochs.PositionOf(one.Seq).ToString(),
                    ["id"] = one.Id,
                    ["type"] = one.Type,
                    ["job"] = $"{one.Key.Source}/{one.Key.Id}",
                    ["time"] = StoreAnswers.Time(one.Time),
                    ["body"] = StoreAnswers.Body(one.Body),
                });
            }

            answers["log"] = log;
            answers["first"] = await store.Events.FirstSeqAsync(Cancelled);
            answers["last"] = await store.Events.LastSeqAsync(Cancelled);
        }

        public override ValueTask DisposeAsync() => store.DisposeAsync();
    }
}
