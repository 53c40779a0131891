using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Publishing;
using FopWatch.Watching;
using FsCheck;
using FsCheck.Fluent;

namespace FopWatch.Core.Tests.Jobs;

/// <summary>The hand-written writer produces what the serializer writes, which also reads it.</summary>
public class JobDocumentTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

    private static readonly string?[] Texts = [null, "", "plain", "\"<&>'+`\\/", "\u0001\n\u007f", "结果", "\U0001F600", "\uD800"];

    private static readonly Job Whole = new()
    {
        Key = new("media", "z0.a"),
        Provider = ProviderKind.WangsuFops,
        Origin = JobOrigin.Registration,
        Facts = JobFacts.None with
        {
            Bucket = "b",
            Key = "in.mp4",
            Pipeline = "p",
            RequestId = "r",
            TaskFrom = "workflow:w",
            Idle = true,
            CreatedAt = Start.ToOffset(TimeSpan.FromHours(8)),
            Progress = JobProgress.Processing,
            Closed = true,
            Verdict = JobVerdict.Failed,
            Delivery = NotificationDelivery.Delivered,
            Items =
            [
                new()
                {
                    Command = "avthumb/mp4",
                    Occurrence = 1,
                    Position = 2,
                    IsOneOfEquals = true,
                    State = ItemState.Succeeded,
                    Code = 3,
                    Description = "done",
                    Error = "none",
                    ErrorCut = true,
                    ErrorIndex = 1,
                    ReusedOldOutput = true,
                    Result = """{"a":["\"结",1.50]}""",
                    ResultCut = new() { Whole = "w", Parts = [new("/a") { Elements = 2 }], Unnamed = 3, TextBytes = 4 },
                    Input = new() { Bucket = "b", Key = "in.mp4" },
                    Outputs = [new() { Bucket = "b", Key = "out.mp4", Hash = "h", Url = "https://cdn.example.com/out.mp4", Size = 7 }],
                    OutputsCut = true,
                },
            ],
            Raw = new(true, """{"id":"z0.a"}"""),
            Concluded = true,
            Cut = FactsCut.Raw,
            MostOutputs = 1000,
            CutCounts = new(4, 3, 2, 1),
        },
        Metadata = Job.NoMetadata.Add("lesson", "四十二").Add("<Lesson>", "43"),
        RegisteredAt = Start,
        UpdatedAt = Start.AddTicks(1),
        SettledAt = Start.AddSeconds(1),
        SettledBy = SettledBy.Poll,
        NotifiedAt = Start.AddSeconds(2),
        IsExpired = true,
        Version = 3,
        Watch = new()
        {
            Status = WatchStatus.Watching,
            DueAt = Start.AddMinutes(1),
            Reason = PollReason.First,
            StartedAt = Start,
            Deadline = Start.AddDays(9),
            Polls = 2,
            EarlierPolls = 1,
            DoubtedAt = Start,
            NotFound = 1,
            LastPolledAt = Start,
            LastAnswer = PollAnswer.OutOfScope,
            LastAnswerInWords = "out of scope",
            HintedWhileDue = true,
            IsWorkflow = true,
            AgeKnownTo = Start,
            IsAgeCounted = true,
            OverdueAt = Start,
        },
        Timeline = new("0rr|5pr-w"),
        Form = 1,
    };

    private static readonly Gen<Job> Some =
        from text in Gen.Elements(Texts)
        from other in Gen.Elements(Texts)
        from items in Gen.Choose(0, 3)
        from outputs in Gen.Choose(0, 3)
        from state in Gen.Elements(Enum.GetValues<ItemState>())
        from isSet in Gen.Elements(true, false)
        from milliseconds in Gen.Choose(0, 2000)
        from hours in Gen.Choose(-12, 12)
        let at = Start.AddMilliseconds(milliseconds).ToOffset(TimeSpan.FromHours(hours))
        select Whole with
        {
            Facts = JobFacts.None with
            {
                Bucket = text,
                Key = other,
                Idle = isSet ? null : false,
                CreatedAt = isSet ? at : null,
                Raw = text is null ? null : new(isSet, text),
                Items = [.. Enumerable.Range(0, items).Select(i => new ItemFacts
                {
                    Command = $"{text}{i}",
                    State = state,
                    Error = other,
                    Result = isSet ? """{"结":["\"",1e3]}""" : null,
                    Input = isSet ? new() { Key = $"{other}" } : null,
                    Outputs = [.. Enumerable.Range(0, outputs).Select(o => new OutputFacts { Key = other, Hash = text, Size = isSet ? o : null })],
                })],
            },
            Metadata = text is null ? Job.NoMetadata : Job.NoMetadata.Add(text, $"{other}"),
            RegisteredAt = at,
            SettledAt = isSet ? at : null,
            SettledBy = isSet ? SettledBy.Deadline : null,
            IsExpired = isSet,
            Watch = new() { StartedAt = at, Deadline = at, Status = isSet ? WatchStatus.Stopped : WatchStatus.Done },
            Timeline = default,
            Form = 0,
        };

    [Fact]
    public void A_document_is_what_the_serializer_writes_without_defaults()
    {
        AssertDocument(Whole);
        Prop.ForAll(Arb.From(Some), job => AssertDocument(job)).Check(PropertyConfig.Of(300));
        AssertDocument(Job.New(Whole.Key, ProviderKind.Qiniu, JobOrigin.Hint, new() { StartedAt = Start, Deadline = Start }, Start));
    }

    [Fact]
    public void An_event_is_what_the_serializer_writes()
    {
        AssertEvent(Whole);
        Prop.ForAll(Arb.From(Some), job => AssertEvent(job)).Check(PropertyConfig.Of(300));
    }

    /// <summary>A new member that is not written would be lost, so the job of these tests has every member.</summary>
    [Fact]
    public void The_job_of_these_tests_has_every_member()
    {
        var options = JobJsonContext.Default.Options;
        var document = JsonNode.Parse(Serialized(Whole))!;
        var facts = document["facts"]!;
        var item = facts["items"]![0]!;

        AssertHasAll(typeof(Job), document);
        AssertHasAll(typeof(JobKey), document["key"]!);
        AssertHasAll(typeof(Watch), document["watch"]!);
        AssertHasAll(typeof(JobFacts), facts);
        AssertHasAll(typeof(RawBody), facts["raw"]!);
        AssertHasAll(typeof(ItemFacts), item);
        AssertHasAll(typeof(InputFacts), item["input"]!);
        AssertHasAll(typeof(OutputFacts), item["outputs"]![0]!);

        void AssertHasAll(Type type, JsonNode written) => Assert.Equal(
            options.GetTypeInfo(type).Properties.Where(member => member is { Get: not null, Set: not null } || IsOfConstructor(member)).Select(member => member.Name).Order(),
            written.AsObject().Select(member => member.Key).Order());

        static bool IsOfConstructor(JsonPropertyInfo member) => member is { Get: not null, AssociatedParameter: not null };
    }

    private static void AssertDocument(Job job)
    {
        var written = JsonNode.Parse(JobJson.Serialize(job))!;
        var serialized = JsonNode.Parse(Serialized(job))!;
        RemoveDefaults(serialized, "");
        Assert.Equal(serialized.ToJsonString(), written.ToJsonString());

        // A later format is not read.
        job = job with { Form = 0 };
        var (read, expected) = (JobJson.Deserialize(JobJson.Serialize(job)), JobJson.Deserialize(Encoding.UTF8.GetBytes(Serialized(job))));
        Assert.Equal(expected with { Metadata = read.Metadata }, read);
        Assert.Equal(expected.Metadata, read.Metadata);
    }

    /// <summary>Removes members that a reader assumes when they are absent.</summary>
    private static void RemoveDefaults(JsonNode node, string at)
    {
        if (node is JsonArray elements)
        {
            foreach (var element in elements)
                RemoveDefaults(element!, at);
            return;
        }

        string[] always = ["/origin", "/provider", "/version", "/facts/items/state", "/facts/items/input/key", "/facts/items/code", "/facts/idle", "/facts/items/outputs/size"];
        foreach (var (name, value) in node is JsonObject members && at != "/metadata" ? members.ToList() : [])
        {
            // The serializer writes these two.
            if (value is JsonObject or JsonArray && name is not ("resultCut" or "cutCounts"))
                RemoveDefaults(value, $"{at}/{name}");
            if (!always.Contains($"{at}/{name}") && value!.ToJsonString() is "false" or "0" or "\"None\"" or "\"Unknown\"" or "\"unknown\"")
                node.AsObject().Remove(name);
        }
    }

    private static void AssertEvent(Job job)
    {
        var written = new JobChange(job, JobEvent.SettledType).ToEvent()!;
        var cloudEvent = new JobEvent
        {
            Id = written.Id,
            Type = written.Type,
            Source = JobEvent.SourcePrefix + job.Key.Source,
            Subject = job.Key.Id,
            Time = job.UpdatedAt,
            Data = job.ToRecord(),
        };
        Assert.Equal(JsonSerializer.Serialize(cloudEvent, ContractsJson.Wire.JobEvent), Encoding.UTF8.GetString(written.Body.Span));
    }

    private static string Serialized(Job job) => JsonSerializer.Serialize(job, JobJsonContext.Written.Job);
}
