using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using FopWatch.Api;
using FopWatch.Contracts;
using FopWatch.Diagnosis;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Simulator;
using FopWatch.Watching;

namespace FopWatch.PortContracts.Http;

/// <summary>How every host handles upload callbacks.</summary>
public abstract class UploadContract : HostContract
{
    private const string Form = "application/x-www-form-urlencoded";
    private const string Json = "application/json";
    private const string Callback = "persistentId=z0.a&bucket=course-video&key=a%2Fb+c.mp4&hash=Fh8x&x:lesson=42&fsize=10";

    /// <summary>Undecodable or untrusted bodies, and their answers.</summary>
    public static TheoryData<string, string> NotUnderstood => new()
    {
        { "key=a.mp4", """{"key":"a.mp4"}""" },
        { "persistentId=a%2Fb", """{"persistentId":"a/b"}""" },
        { "persistentId=z0.a&persistentId=z0.b", """{"persistentId":"z0.b"}""" },
        { "persistentid=z0.a", """{"persistentid":"z0.a"}""" },
        { "persistentId=%24%28persistentId%29", """{"persistentId":"$(persistentId)"}""" },
        { """{"persistentId":7}""", """{"persistentId":7}""" },
        { """{"persistentId":{"id":"z0.a"}}""", """{"persistentId":{"id":"z0.a"}}""" },
        { """{"key":"a"}""", """{"key":"a"}""" },
        { """{"persistentId":"z0.a","persistentId":"z0.b"}""", "{}" },
        { """{"persistentId":"z0.a" """, "{}" },
        { "", "{}" },
        { " \n", "{}" },
    };

    [Theory]
    [InlineData("QBox")]
    [InlineData("Qiniu")]
    public async Task A_form_with_a_valid_signature_registers_its_job(string scheme)
    {
        await using var host = await StartAsync();

        using var answer = await SendAsync(host, "signed", Callback, scheme: scheme);

        Assert.Equal((HttpStatusCode.OK, Json, "nosniff"), (
            answer.StatusCode, answer.Content.Headers.ContentType!.MediaType, Assert.Single(answer.Headers.GetValues("X-Content-Type-Options"))));
        Assert.Equal(
            """{"persistentId":"z0.a","bucket":"course-video","key":"a/b c.mp4","hash":"Fh8x","x:lesson":"42","fsize":"10"}""",
            await answer.Content.ReadAsStringAsync(Cancelled));
        var job = await host.JobAsync("signed", "z0.a");
        Assert.Equal((JobState.Waiting, WatchStatus.Watching, 1), (job.State, job.Watch, job.Version));
        Assert.Equal(
            new() { ["bucket"] = "course-video", ["key"] = "a/b c.mp4", ["hash"] = "Fh8x", ["lesson"] = "42" }, new Dictionary<string, string>(job.Metadata!));
        var registered = Assert.Single(job.Timeline!);
        Assert.Equal((TimelineEvent.Registered, TimelineCause.UploadCallback), (registered.What, registered.By!.Value));
        Assert.Equal("z0.a", Assert.Single((await host.ListAsync("?source=signed&metadata.lesson=42")).Jobs).Id);
        Assert.Empty((await host.QuarantineAsync()).Notifications);
        Assert.Empty(host.StatusApi.AskedIds);
    }

    [Fact]
    public async Task JSON_with_a_valid_signature_registers_its_job_and_is_returned_unchanged()
    {
        await using var host = await StartAsync();
        const string body = """{ "persistentId": "z0.a", "fsize": 1.50, "x:lesson": "4\u00322", "x:n": 7, "x:none": null, "avinfo": {"a": [1, 2]} }""";

        using var answer = await SendAsync(host, "signed", body, Json, scheme: "Qiniu");

        Assert.Equal((HttpStatusCode.OK, body), (answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancelled)));
        Assert.Equal(new() { ["lesson"] = "422", ["n"] = "7" }, new Dictionary<string, string>((await host.JobAsync("signed", "z0.a")).Metadata!));
    }

    [Fact]
    public async Task JSON_under_the_content_type_of_forms_is_read_as_JSON()
    {
        await using var host = await StartAsync();

        await SendAsync(host, "signed", """{"persistentId":"z0.a","x:lesson":"42"}""", Form);

        Assert.Equal("42", (await host.JobAsync("signed", "z0.a")).Metadata!["lesson"]);
    }

    [Theory]
    [InlineData(null, Form)]
    [InlineData("QBox", Json)]
    public async Task A_callback_whose_body_is_not_signed_is_a_hint_and_its_metadata_is_ignored(string? scheme, string type)
    {
        await using var host = await StartAsync();
        host.StatusApi.Answers["z0.a"] = (200, Encoding.UTF8.GetBytes(Done));

        var body = type == Form ? Callback : """{"persistentId":"z0.a","x:lesson":"42"}""";
        using var answer = await SendAsync(host, "signed", body, type, scheme);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var job = await host.JobAsync("signed", "z0.a", "?wait=20");
        Assert.Equal((JobState.Succeeded, SettledBy.Poll), Outcome(job));
        Assert.True(job.Metadata is null or { Count: 0 });
        Assert.Contains("z0.a", host.StatusApi.AskedIds);
    }

    [Fact]
    public async Task With_token_trust_a_callback_without_a_signature_registers_its_job()
    {
        await using var host = await StartAsync();

        await SendAsync(host, "media", Callback, scheme: null);

        var job = await host.JobAsync("media", "z0.a");
        Assert.Equal(("42", TimelineCause.UploadCallback), (job.Metadata!["lesson"], job.Timeline![0].By!.Value));
    }

    [Fact]
    public async Task A_wrong_signature_is_answered_like_a_valid_one_and_quarantined()
    {
        await using var host = await StartAsync();

        using var answer = await SendAsync(host, "signed", Callback, secretKey: "wrong");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains("\"z0.a\"", await answer.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await host.Http.GetAsync("/api/jobs/signed/z0.a", Cancelled)).StatusCode);
        var text = await host.Http.GetStringAsync("/api/quarantine", Cancelled);
        var kept = Assert.Single(JsonSerializer.Deserialize(text, ApiJson.Default.QuarantineList)!.Notifications);
        Assert.Equal(ServedHost.PublicUrl + "api/uploads/signed/***", kept.Signature!.CheckedUrl);
        Assert.DoesNotContain(ServedHost.Token, text, StringComparison.Ordinal);

        using var retried = await host.PostAsync($"/api/quarantine/{kept.Key}/retry");
        Assert.Equal(NotificationResult.Quarantined, (await retried.Content.ReadFromJsonAsync(ApiJson.Default.RetriedNotification, Cancelled))!.Result);
        Assert.Empty(host.StatusApi.AskedIds);
    }

    [Theory]
    [InlineData("persistentId=&key=a.mp4", Form)]
    [InlineData("persistentId&key=a.mp4", Form)]
    [InlineData("persistentId=null", Form)]
    [InlineData("""{"persistentId":""}""", Json)]
    [InlineData("""{"persistentId":null}""", Json)]
    [InlineData("""{"persistentId":"null"}""", Json)]
    public async Task A_callback_without_processing_registers_nothing(string body, string type)
    {
        await using var host = await StartAsync();
        foreach (var secretKey in (string[])[ServedHost.Key.SecretKey, "wrong"])
        {
            using var answer = await SendAsync(host, "signed", body, type, "Qiniu", secretKey);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal(JsonValueKind.Object, (await answer.Content.ReadFromJsonAsync<JsonElement>(Cancelled)).ValueKind);
        }

        Assert.Empty((await host.ListAsync()).Jobs);
        Assert.Empty((await host.QuarantineAsync()).Notifications);
    }

    [Theory]
    [MemberData(nameof(NotUnderstood))]
    public async Task An_undecodable_callback_is_answered_200_and_kept(string body, string expected)
    {
        await using var host = await StartAsync();

        using var answer = await SendAsync(host, "signed", body, scheme: "Qiniu");

        Assert.Equal((HttpStatusCode.OK, expected), (answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancelled)));
        Assert.Equal(body, Encoding.UTF8.GetString(Convert.FromBase64String(Assert.Single((await host.QuarantineAsync()).Notifications).Body!)));
        Assert.Empty((await host.ListAsync()).Jobs);
    }

    [Fact]
    public async Task A_field_of_another_name_is_the_id_if_the_source_says_so()
    {
        await using var host = await StartAsync();

        await SendAsync(host, "hasty", "upload.job=z0.a&persistentId=z0.b");

        Assert.Equal("z0.a", Assert.Single((await host.ListAsync("?source=hasty")).Jobs).Id);
    }

    [Fact]
    public async Task A_repeated_callback_changes_nothing_and_another_one_adds_its_metadata()
    {
        await using var host = await StartAsync();

        for (var i = 0; i < 3; i++)
            await SendAsync(host, "signed", Callback);
        Assert.Equal(1, (await host.JobAsync("signed", "z0.a")).Version);

        await SendAsync(host, "signed", "persistentId=z0.a&x:lesson=43&x:course=7");
        var job = await host.JobAsync("signed", "z0.a");
        Assert.Equal(("43", "7", "Fh8x", 2), (job.Metadata!["lesson"], job.Metadata!["course"], job.Metadata!["hash"], job.Version));
    }

    [Fact]
    public async Task A_callback_after_the_notification_adds_its_metadata_to_the_outcome()
    {
        await using var host = await StartAsync();
        await host.NotifyAsync("media", Done);

        await SendAsync(host, "media", Callback);

        var job = await host.JobAsync("media", "z0.a");
        Assert.Equal((JobState.Succeeded, SettledBy.Notification), Outcome(job));
        Assert.Equal(("42", 2), (job.Metadata!["lesson"], job.Version));
        Assert.Equal([TimelineCause.Notification, null, TimelineCause.Notification, TimelineCause.UploadCallback], job.Timeline!.Select(entry => entry.What == TimelineEvent.Notified ? null : entry.By));
    }

    [Fact]
    public async Task The_providers_own_fields_override_variables_and_the_last_of_two_variables_wins()
    {
        await using var host = await StartAsync();

        await SendAsync(host, "signed", $"{Callback}&x:key=fake&x:bucket=other&x:long={new string('a', 3000)}&x:long={new string('b', 3000)}");

        var metadata = (await host.JobAsync("signed", "z0.a")).Metadata!;
        Assert.Equal(("course-video", "a/b c.mp4", "42"), (metadata["bucket"], metadata["key"], metadata["lesson"]));
        Assert.Equal(new string('b', 3000), metadata["long"]);
    }

    [Fact]
    public async Task A_job_with_too_many_variables_is_registered_without_them()
    {
        await using var host = await StartAsync();

        await SendAsync(host, "signed", $"{Callback}&x:long={new string('a', Job.MaxMetadataBytes)}");
        await SendAsync(host, "signed", $"persistentId=z0.b&x:a={new string('a', 4000)}");
        await SendAsync(host, "signed", $"persistentId=z0.b&x:b={new string('b', 4000)}");
        await SendAsync(host, "signed", $"persistentId=z0.c&x:correlation={new string('c', 5000)}");

        Assert.Equal(["bucket", "hash", "key"], (await host.JobAsync("signed", "z0.a")).Metadata!.Keys.Order());
        Assert.Equal(["a"], (await host.JobAsync("signed", "z0.b")).Metadata!.Keys);
        Assert.True((await host.JobAsync("signed", "z0.c")).Metadata is null or { Count: 0 });
        var troubles = (await host.Http.GetFromJsonAsync("/health/ready", ApiJson.Default.Health, Cancelled))!.Troubles!;
        Assert.True(Assert.Single(troubles, trouble => trouble is { Source: "signed", Kind: TroubleKind.UploadMetadataTooLarge }).Count >= 3);
    }

    [Fact]
    public async Task A_callback_about_another_bucket_is_quarantined()
    {
        await using var host = await StartAsync();

        await SendAsync(host, "scoped", "persistentId=z0.a&bucket=other");
        await SendAsync(host, "scoped", $"persistentId=z0.b&bucket={ServedHost.Bucket}");

        Assert.Equal("z0.b", Assert.Single((await host.ListAsync("?source=scoped")).Jobs).Id);
        Assert.Contains("'other'", Assert.Single((await host.QuarantineAsync()).Notifications).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sources_without_upload_callbacks_say_so_and_wrong_URLs_are_not_found()
    {
        await using var host = await StartAsync();

        using var wangsu = await SendAsync(host, "files", Callback, scheme: null);
        Assert.Equal(HttpStatusCode.BadRequest, wangsu.StatusCode);
        Assert.Contains("POST /api/jobs", (await ServedHost.ProblemAsync(wangsu)).Detail, StringComparison.Ordinal);
        foreach (var path in (string[])["/api/uploads/signed/wrong-token", "/api/uploads/nobody/right-token", "/api/uploads/signed", "/api/uploads/signed/right-token/more"])
            Assert.Equal(HttpStatusCode.NotFound, (await host.PostAsync(path, Encoding.UTF8.GetBytes(Callback), Form)).StatusCode);

        // Without the token, a source of another provider looks like any other.
        Assert.Equal(HttpStatusCode.NotFound, (await host.PostAsync("/api/uploads/files/wrong-token", Callback)).StatusCode);
        Assert.Empty((await host.ListAsync()).Jobs);
    }

    [Fact]
    public async Task A_body_over_the_limit_is_413_and_a_failing_store_is_503()
    {
        await using var host = await StartAsync();
        var large = $"{Callback}&more={new string('a', ServedHost.MaxBodyBytes)}";
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await SendAsync(host, "signed", large)).StatusCode);

        await using (await host.BreakStoreAsync())
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await SendAsync(host, "signed", Callback)).StatusCode);

        Assert.Equal(HttpStatusCode.OK, (await SendAsync(host, "signed", Callback)).StatusCode);
        Assert.Equal("42", (await host.JobAsync("signed", "z0.a")).Metadata!["lesson"]);
    }

    [Theory]
    [InlineData("__proto__=1&constructor=2&persistentId=z0.a&x:=3&x:__proto__=4", """{"__proto__":"1","constructor":"2","persistentId":"z0.a","x:":"3","x:__proto__":"4"}""")]
    [InlineData("a=1&b=2&a=3&persistentId=z0.a&persistentId=z0.a", """{"a":"3","b":"2","persistentId":"z0.a"}""")]
    [InlineData("&&=&a&%zz=%&persistentId=z0.a&", """{"":"","a":"","%zz":"%","persistentId":"z0.a"}""")]
    [InlineData("\"=%22%5C%00&<script>=%0A&persistentId=z0.a", """{"\"":"\"\\\u0000","<script>":"\n","persistentId":"z0.a"}""")]
    public async Task Unusual_fields_are_answered_as_one_JSON_object(string body, string expected)
    {
        await using var host = await StartAsync();

        using var answer = await SendAsync(host, "signed", body);

        Assert.Equal((HttpStatusCode.OK, expected), (answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancelled)));
        Assert.Equal(JobState.Waiting, (await host.JobAsync("signed", "z0.a")).State);
    }

    private static async Task<HttpResponseMessage> SendAsync(
        ServedHost host, string source, string body, string contentType = Form, string? scheme = "QBox", string? secretKey = null)
    {
        var url = new Uri(ServedHost.PublicUrl, $"/api/uploads/{source}/{ServedHost.Token}");
        var (bytes, key) = (Encoding.UTF8.GetBytes(body), secretKey ?? ServedHost.Key.SecretKey);
        using var request = new HttpRequestMessage(HttpMethod.Post, url.AbsolutePath) { Content = new ByteArrayContent(bytes) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        var authorization = scheme switch
        {
            "QBox" => Signer.QBox(ServedHost.Key.AccessKey, key, url, contentType, bytes),
            "Qiniu" => Signer.Qiniu(ServedHost.Key.AccessKey, key, url, contentType, bytes),
            _ => null,
        };
        if (authorization is not null)
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        return await host.Http.SendAsync(request, Cancelled);
    }
}
