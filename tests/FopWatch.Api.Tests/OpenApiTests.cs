using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using FopWatch.Contracts;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Settings;
using FopWatch.Watching;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using static FopWatch.Api.Tests.OpenApiDocument;

namespace FopWatch.Api.Tests;

/// <summary>Compares the OpenAPI document with what is serialised, checked and answered.</summary>
public sealed class OpenApiTests
{
    /// <summary>Schemas of input and of text.</summary>
    private static readonly string[] NotSerialised = ["SourceName", "JobId", "JobRegistration"];

    /// <summary>The types of answers and events.</summary>
    private static readonly JsonTypeInfo[] Roots =
    [
        ApiJson.Default.JobList,
        ApiJson.Default.JobsCounted,
        ApiJson.Default.JobLink,
        ApiJson.Default.JobLinks,
        ApiJson.Default.WatchedJob,
        ApiJson.Default.PolledJob,
        ApiJson.Default.JobBody,
        ApiJson.Default.DoctorReport,
        ApiJson.Default.Overview,
        ApiJson.Default.PlanReport,
        ApiJson.Default.Problem,
        ApiJson.Default.QuarantineEntry,
        ApiJson.Default.QuarantineList,
        ApiJson.Default.RetriedNotification,
        ApiJson.Default.BulkAnswer,
        ApiJson.Default.Health,
        ApiJson.Default.CallerProfile,
        ApiJson.Default.WebhookList,
        ApiJson.Default.WebhookStatus,
        ApiJson.Default.DeliveryList,
        ApiJson.Default.WebhookTest,
        ContractsJson.Default.JobEvent,
    ];

    public static TheoryData<string> Objects => new(Reachable().Where(info => info.Kind == JsonTypeInfoKind.Object).Select(info => info.Type.Name));

    public static TheoryData<string> Enums => new(Reachable().Where(info => info.Type.IsEnum).Select(info => info.Type.Name));

    [Fact]
    public void The_served_document_is_an_OpenAPI_31_document()
    {
        Assert.StartsWith("3.1.", Document.GetProperty("openapi").GetString(), StringComparison.Ordinal);
        Assert.NotEmpty(Document.GetProperty("info").GetProperty("title").GetString()!);
        Assert.NotEmpty(Document.GetProperty("info").GetProperty("version").GetString()!);
    }

    [Fact]
    public void Every_reference_resolves()
    {
        var references = SchemaReader.References(Document).ToList();

        Assert.NotEmpty(references);
        Assert.All(references, reference => Assert.NotNull(Reader.Resolve(reference)));
    }

    [Fact]
    public void Every_component_is_used()
    {
        var used = SchemaReader.References(Document).ToHashSet();
        var components = Document.GetProperty("components").EnumerateObject()
            .Where(kind => kind.Name != "securitySchemes")
            .SelectMany(kind => kind.Value.EnumerateObject().Select(component => $"#/components/{kind.Name}/{component.Name}"));

        // Events are sent as text in an event stream, so no schema refers to theirs.
        Assert.Equal(["#/components/schemas/JobEvent"], components.Where(component => !used.Contains(component)));
    }

    [Fact]
    public void Every_operation_has_a_unique_id_a_description_and_answers()
    {
        var ids = new HashSet<string>();
        var tags = Document.GetProperty("tags").EnumerateArray().Select(tag => tag.GetProperty("name").GetString()).ToList();
        foreach (var (route, operation) in Operations())
        {
            Assert.True(operation.TryGetProperty("operationId", out var id), $"{route} has no operationId");
            Assert.True(ids.Add(id.GetString()!), $"{id} occurs twice");
            Assert.NotEmpty(operation.GetProperty("summary").GetString()!);
            Assert.All(operation.GetProperty("tags").EnumerateArray(), tag => Assert.Contains(tag.GetString(), tags));
            Assert.Contains(operation.GetProperty("responses").EnumerateObject(), response => response.Name[0] == '2');
        }

        Assert.NotEmpty(ids);
    }

    [Fact]
    public void Path_placeholders_and_path_parameters_match()
    {
        foreach (var path in Document.GetProperty("paths").EnumerateObject())
        {
            var parts = Regex.Matches(path.Name, "{([^}]+)}").Select(part => part.Groups[1].Value).Order();
            foreach (var operation in OperationsOf(path.Value))
            {
                var parameters = ParametersOf(path.Value, operation).Where(parameter => parameter.GetProperty("in").GetString() == "path").ToList();
                Assert.Equal(parts, parameters.Select(parameter => parameter.GetProperty("name").GetString()!).Order());
                Assert.All(parameters, parameter => Assert.True(parameter.GetProperty("required").GetBoolean()));
            }
        }
    }

    [Fact]
    public void Only_notifications_and_health_need_no_key()
    {
        var open = Operations()
            .Where(one => one.Operation.TryGetProperty("security", out var security) && security.GetArrayLength() == 0)
            .Select(one => one.Route);

        Assert.Equal(
            [
                "get /health/live",
                "get /health/ready",
                "post /api/notify/{source}/{token}",
                "post /api/notify/{source}/{token}/{correlation}",
                "post /api/uploads/{source}/{token}",
            ],
            open.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void There_is_a_schema_for_each_serialised_type_and_no_other() => Assert.Equal(
        Reachable().Where(SerialisedTypes.IsNamed).Select(info => info.Type.Name).Concat(NotSerialised).Order(StringComparer.Ordinal),
        Schemas.EnumerateObject().Select(schema => schema.Name).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Objects))]
    public void A_schema_has_exactly_the_serialised_properties(string name) =>
        SerialisedTypes.AssertProperties(InfoOf(name), Reader.Whole(Schemas.GetProperty(name)), Reader, type => $"#/components/schemas/{type.Name}");

    [Theory]
    [MemberData(nameof(Objects))]
    public void A_schema_requires_the_properties_that_are_always_serialised(string name) =>
        SerialisedTypes.AssertRequired(InfoOf(name), Reader.Whole(Schemas.GetProperty(name)));

    [Theory]
    [MemberData(nameof(Enums))]
    public void A_schema_has_exactly_the_serialised_values(string name) =>
        SerialisedTypes.AssertValues(InfoOf(name), Schemas.GetProperty(name));

    [Fact]
    public void Serialised_jobs_and_events_match_their_schemas()
    {
        var bare = new JobRecord
        {
            Source = "media",
            Id = "z0.a",
            Provider = ProviderKind.WangsuFops,
            State = JobState.Waiting,
            Settled = false,
            Counts = new(0, 0, 0, 0),
            RegisteredAt = DateTimeOffset.UnixEpoch,
            UpdatedAt = DateTimeOffset.UnixEpoch,
            Version = 1,
        };
        var full = bare with
        {
            State = JobState.PartiallyFailed,
            Settled = true,
            SettledBy = SettledBy.Notification,
            Bucket = "b",
            Key = "k",
            Pipeline = "p",
            RequestId = "r",
            TaskFrom = "workflow:1",
            CreatedAt = DateTimeOffset.UnixEpoch,
            Notification = NotificationDelivery.Delivered,
            Counts = new(2, 1, 1, 0),
            Items =
            [
                new()
                {
                    Command = "avinfo",
                    State = ItemState.Succeeded,
                    ReusedOldOutput = true,
                    Error = "",
                    ErrorIndex = 0,
                    Outputs = [new(), new() { Bucket = "b", Key = "k", Hash = "h", Url = "https://example.com/", Size = 5_000_000_000 }],
                    Input = new(),
                    Result = JsonSerializer.SerializeToElement("{}"),
                    Truncated = [new() { At = "/result", Elements = 1, TextBytes = 0, Dropped = true, More = true }],
                },
            ],
            Overdue = true,
            Truncated = true,
            Metadata = new Dictionary<string, string> { ["lesson"] = "42" },
            SettledAt = DateTimeOffset.UnixEpoch,
        };
        var settled = new JobEvent { Id = "1", Type = JobEvent.SettledType, Source = "/fopwatch/media", Subject = "z0.a", Time = default, Data = full };
        var progressed = settled with { Type = JobEvent.ProgressedType, Data = bare };

        var written = JsonSerializer.SerializeToElement(full, ContractsJson.Default.JobRecord);
        Assert.Equal(PropertiesOf("JobRecord"), written.EnumerateObject().Select(member => member.Name));
        Assert.Equal(PropertiesOf("JobItem"), written.GetProperty("items")[0].EnumerateObject().Select(member => member.Name));
        AssertRight("JobRecord", written);
        AssertRight("JobRecord", JsonSerializer.SerializeToElement(bare, ContractsJson.Default.JobRecord));
        AssertRight("JobEvent", JsonSerializer.SerializeToElement(settled, ContractsJson.Default.JobEvent));
        AssertRight("JobEvent", JsonSerializer.SerializeToElement(progressed, ContractsJson.Default.JobEvent));

        static IEnumerable<string> PropertiesOf(string name) => Schemas.GetProperty(name).GetProperty("properties").EnumerateObject().Select(one => one.Name);
    }

    [Fact]
    public void A_serialised_job_with_its_watch_matches_its_schema()
    {
        var references = new JobReferences(new byte[JobReferences.KeyLength]);
        var now = DateTimeOffset.UnixEpoch;
        var watch = new Watch { StartedAt = now, Deadline = now.AddDays(9), DueAt = now.AddMinutes(2) };
        var unpolled = Job.New(new("media", "z0.a"), ProviderKind.Qiniu, JobOrigin.Registration, watch, now) with { Version = 1, Timeline = Timeline() };
        var answer = new StatusAnswer(PollAnswer.NotFound, Detail: "HTTP 612");
        var polled = unpolled with { Watch = watch with { LastPolledAt = now, LastAnswer = answer.Answer, LastAnswerInWords = answer.InWords() } };

        var written = JsonSerializer.SerializeToElement(new PolledJob(polled, references, null, answer), ApiJson.Wire.PolledJob);

        AssertRight("PolledJob", written);
        AssertRight("WatchedJob", JsonSerializer.SerializeToElement(new WatchedJob(unpolled, references, null), ApiJson.Wire.WatchedJob));
        AssertRight("JobList", JsonSerializer.SerializeToElement(new([new(polled, references, null), new(unpolled, references, null)], null), ApiJson.Wire.JobList));
        Assert.Equal("HTTP 612: the status API does not know this id", written.GetProperty("answer").GetString());
        Assert.Equal(written.GetProperty("answer").GetString(), written.GetProperty("lastPoll").GetProperty("answer").GetString());
        Assert.Equal(references.Of(polled.Key), written.GetProperty("ref").GetString());
        Assert.Equal(["ref", "watch", "nextPollAt", "lastPoll", "timeline", "timelineOmitted", "answer"], written.EnumerateObject().Select(member => member.Name).TakeLast(7));
        Assert.Equal(["registered", "notified", "polled"], written.GetProperty("timeline").EnumerateArray().Take(3).Select(entry => entry.GetProperty("what").GetString()));

        static Timeline Timeline()
        {
            var source = FopWatchSettings.Read(new Dictionary<string, string?> { ["Sources:media:Provider"] = "Qiniu", ["Sources:media:NotifyTokens:0"] = "right-token" }).Sources.Find("media")!;
            Job? job = null;
            for (var i = 0; i < 200; i++)
            {
                DecisionInput input = (i % 5) switch
                {
                    0 => new DecisionInput.Registration(Job.NoMetadata, null),
                    1 => new DecisionInput.Hint(false),
                    4 => new DecisionInput.StopWatching(),
                    _ => new DecisionInput.Polled(job!.Watch, new(PollAnswer.NotFound, Detail: "HTTP 612"), 0.5),
                };
                job = JobDecider.Decide(new("media", "z0.a"), job, input, source, DateTimeOffset.UnixEpoch.AddMinutes(20 * i))!.Job;
            }

            return job!.Timeline;
        }
    }

    [Fact]
    public void An_event_contains_neither_the_watch_nor_the_reference()
    {
        var watch = new Watch { StartedAt = default, Deadline = default, LastPolledAt = DateTimeOffset.UnixEpoch, LastAnswerInWords = "words" };
        var job = Job.New(new("media", "z0.a"), ProviderKind.Qiniu, JobOrigin.Registration, watch, DateTimeOffset.UnixEpoch);

        using var published = JsonDocument.Parse(job.Republish(DateTimeOffset.UnixEpoch).ToEvent()!.Body);

        AssertRight("JobEvent", published.RootElement);
        var members = published.RootElement.GetProperty("data").EnumerateObject().Select(member => member.Name);
        Assert.DoesNotContain(members, name => name is "ref" or "watch" or "nextPollAt" or "lastPoll");
    }

    [Fact]
    public void Every_example_matches_its_schema()
    {
        var checkedOnes = 0;
        foreach (var (at, one) in SchemaReader.AllObjects(Document))
        {
            if (!one.TryGetProperty("schema", out var schema))
                continue;

            var examples = one.TryGetProperty("examples", out var named) ? named.EnumerateObject().Select(example => example.Value.GetProperty("value")) : [];
            if (one.TryGetProperty("example", out var single))
                examples = examples.Append(single);
            foreach (var example in examples)
            {
                Assert.True(Reader.Violations(schema, example) is [], $"{at}: {string.Join("; ", Reader.Violations(schema, example))}");
                checkedOnes++;
            }
        }

        foreach (var schema in Schemas.EnumerateObject())
        {
            foreach (var example in schema.Value.TryGetProperty("examples", out var examples) ? examples.EnumerateArray() : default)
            {
                AssertRight(schema.Name, example);
                checkedOnes++;
            }
        }

        Assert.True(checkedOnes > 10);
    }

    [Fact]
    public void Every_example_of_a_registration_is_accepted()
    {
        var settings = FopWatchSettings.Read([new("Sources:media:Provider", "Qiniu"), new("Sources:media:NotifyTokens:0", "a-token-of-the-tests")]);
        var examples = RegistrationBody().GetProperty("examples").EnumerateObject().ToList();

        Assert.NotEmpty(examples);
        foreach (var example in examples)
        {
            var body = Encoding.UTF8.GetBytes(example.Value.GetProperty("value").GetRawText());
            Assert.Empty(JobRegistrations.Read(body, settings.Sources).Problems);
        }
    }

    [Fact]
    public void Documented_limits_are_those_that_are_enforced()
    {
        Assert.Equal(JobRegistrations.MaxAtOnce, RegistrationBody().GetProperty("schema").GetProperty("oneOf")[1].GetProperty("maxItems").GetInt32());
        Assert.Contains(
            $"{JobRegistrations.MaxMetadataBytes} bytes",
            Schemas.GetProperty("JobRegistration").GetProperty("properties").GetProperty("metadata").GetProperty("description").GetString(),
            StringComparison.Ordinal);
        Assert.Equal(JobsApi.MaxWaitSeconds, Parameter("getJob", "wait").GetProperty("maximum").GetInt32());
        Assert.Equal(JobQuery.MaxTop, Parameter("listJobs", "top").GetProperty("maximum").GetInt32());
        Assert.Equal($"^[A-Za-z0-9_-]{{1,{NotificationIntake.MaxCorrelationLength}}}$", Parameter("notifyWithCorrelation", "correlation").GetProperty("pattern").GetString());

        var id = Schemas.GetProperty("JobId").GetProperty("pattern").GetString()!;
        string[] ids = ["a", "z0.A_b-9", new('a', JobKey.MaxIdLength), "", "a b", "a/b", "ä", new('a', JobKey.MaxIdLength + 1)];
        Assert.All(ids, one => Assert.Equal(JobKey.IsValidId(one), Regex.IsMatch(one, id)));
    }

    [Theory]
    [InlineData("-Infinity")]
    [InlineData("Infinity")]
    [InlineData("NaN")]
    [InlineData("-1")]
    [InlineData("200.5")]
    [InlineData("1e2")]
    [InlineData("")]
    [InlineData("soon")]
    public async Task A_wait_outside_its_range_is_refused(string wait)
    {
        var settings = FopWatchSettings.Read([new("Sources:media:Provider", "Qiniu"), new("Sources:media:NotifyTokens:0", "a-token-of-the-tests")]);

        var result = await JobsApi.GetAsync("media", "a", wait, Caller.Unrestricted, null!, null!, settings, TestContext.Current.CancellationToken);

        Assert.Equal(StatusCodes.Status400BadRequest, Assert.IsType<ProblemResult<InvalidRequest>>(result.Result).StatusCode);
    }

    private static void AssertRight(string schema, JsonElement value) => Assert.Empty(Reader.Violations(Schemas.GetProperty(schema), value));

    private static JsonTypeInfo InfoOf(string name) => Reachable().Single(info => info.Type.Name == name);

    private static List<JsonTypeInfo> Reachable() => SerialisedTypes.ReachableFrom(Roots);
}
