using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;

namespace FopWatch.PortContracts.Http;

/// <summary>The dashboard's files as every host serves them to anyone.</summary>
public abstract class DashboardContract : HostContract
{
    private static readonly Dictionary<string, string> ContentTypes = new(StringComparer.Ordinal)
    {
        [".html"] = "text/html; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".svg"] = "image/svg+xml",
    };

    /// <summary>Whether requests reach the host's own listener directly.</summary>
    protected virtual bool IsReachedDirectly => true;

    [Fact]
    public async Task Every_file_is_served_unchanged_with_its_content_type_to_anyone()
    {
        await using var host = await StartAsync();
        var folder = DashboardFolder();
        var files = Directory.GetFiles(folder, "*", SearchOption.AllDirectories);

        Assert.NotEmpty(files);
        foreach (var file in files)
        {
            var path = Path.GetRelativePath(folder, file).Replace('\\', '/');
            using var answer = await host.Stranger.GetAsync($"/ui/{path}", Cancelled);

            Assert.Equal((path, HttpStatusCode.OK), (path, answer.StatusCode));
            Assert.Equal(ContentTypes[Path.GetExtension(file)], answer.Content.Headers.ContentType!.ToString());
            Assert.Equal(await File.ReadAllBytesAsync(file, Cancelled), await answer.Content.ReadAsByteArrayAsync(Cancelled));
        }
    }

    [Fact]
    public async Task The_folder_is_answered_with_its_index_and_its_name_without_a_slash_redirects_there()
    {
        await using var host = await StartAsync();

        foreach (var path in (string[])["/ui", "/ui/", "/ui/index.html", "/ui/?unknown=1&unknown=2"])
        {
            using var answer = await host.Stranger.GetAsync(path, Cancelled);
            Assert.Equal((path, HttpStatusCode.OK, "text/html"), (path, answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
            Assert.StartsWith("/ui/", answer.RequestMessage!.RequestUri!.AbsolutePath, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("/ui/")]
    [InlineData("/ui/dashboard.css")]
    [InlineData("/ui/nothing")]
    public async Task Every_answer_forbids_what_the_pages_do_not_need(string path)
    {
        await using var host = await StartAsync();
        using var answer = await host.Stranger.GetAsync(path, Cancelled);

        Assert.Equal(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            Assert.Single(answer.Headers.GetValues("Content-Security-Policy")));
        Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal("no-referrer", Assert.Single(answer.Headers.GetValues("Referrer-Policy")));
        Assert.Equal("same-origin", Assert.Single(answer.Headers.GetValues("Cross-Origin-Opener-Policy")));
        Assert.Equal("same-origin", Assert.Single(answer.Headers.GetValues("Cross-Origin-Resource-Policy")));
        Assert.True(answer.Headers.CacheControl!.NoCache);
    }

    [Theory]
    [InlineData("br", "br")]
    [InlineData("gzip", "gzip")]
    [InlineData("gzip, deflate, br, zstd", "br")]
    [InlineData("br;q=0, gzip", "gzip")]
    [InlineData("gzip;q=0", null)]
    [InlineData("identity", null)]
    [InlineData("GZIP", "gzip")]
    [InlineData(";;q=", null)]
    [InlineData(null, null)]
    public async Task A_file_is_compressed_for_clients_that_accept_it(string? accepted, string? coding)
    {
        await using var host = await StartAsync();
        var whole = await host.Stranger.GetByteArrayAsync("/ui/", Cancelled);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/ui/");
        if (accepted is not null)
            request.Headers.TryAddWithoutValidation("Accept-Encoding", accepted);

        using var answer = await host.Stranger.SendAsync(request, Cancelled);

        var body = await answer.Content.ReadAsByteArrayAsync(Cancelled);
        Assert.Equal(coding is null ? [] : [coding], answer.Content.Headers.ContentEncoding);
        Assert.Contains("Accept-Encoding", answer.Headers.Vary);
        Assert.True(coding is null || body.Length < whole.Length);
        Assert.Equal(whole, Decompressed(body, coding));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("gzip")]
    [InlineData("br")]
    public async Task A_file_that_a_client_has_is_not_sent_again(string? accepted)
    {
        await using var host = await StartAsync();
        using var first = await GetAsync(null);
        var tag = first.Headers.ETag!;

        using var again = await GetAsync(tag);
        Assert.Equal((HttpStatusCode.NotModified, tag), (again.StatusCode, again.Headers.ETag));
        Assert.Empty(await again.Content.ReadAsByteArrayAsync(Cancelled));
        using var changed = await GetAsync(new("\"another\""));
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);

        async Task<HttpResponseMessage> GetAsync(EntityTagHeaderValue? known)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/ui/index.html");
            if (accepted is not null)
                request.Headers.TryAddWithoutValidation("Accept-Encoding", accepted);
            if (known is not null)
                request.Headers.IfNoneMatch.Add(known);
            return await host.Stranger.SendAsync(request, Cancelled);
        }
    }

    [Fact]
    public async Task Each_encoding_of_a_file_has_its_own_tag()
    {
        await using var host = await StartAsync();
        var tags = new List<string>();
        foreach (var accepted in (string[])["identity", "gzip", "br"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/ui/");
            request.Headers.TryAddWithoutValidation("Accept-Encoding", accepted);
            using var answer = await host.Stranger.SendAsync(request, Cancelled);
            tags.Add(answer.Headers.ETag!.Tag);
        }

        Assert.Equal(3, tags.Distinct().Count());
    }

    [Fact]
    public async Task HEAD_is_answered_like_GET_without_the_body()
    {
        await using var host = await StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Head, "/ui/");
        using var get = await host.Stranger.GetAsync("/ui/", Cancelled);

        using var head = await host.Stranger.SendAsync(request, Cancelled);

        Assert.Equal((HttpStatusCode.OK, get.Headers.ETag), (head.StatusCode, head.Headers.ETag));
        Assert.Equal(get.Content.Headers.ContentType, head.Content.Headers.ContentType);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync(Cancelled));
    }

    [Theory]
    [InlineData("/ui/nothing")]
    [InlineData("/ui/nothing.html")]
    [InlineData("/ui/INDEX.HTML")]
    [InlineData("/ui/index.html/")]
    [InlineData("/ui/..%2findex.html")]
    [InlineData("/ui/..%5c..%5copenapi.json")]
    [InlineData("/ui/%2e%2e%2fopenapi.json")]
    [InlineData("/ui/pages%2findex.html")]
    [InlineData("/ui/index.html%00")]
    public async Task An_unknown_file_of_the_dashboard_is_not_found(string path)
    {
        Assert.SkipUnless(IsReachedDirectly || !path.Contains("%00", StringComparison.Ordinal), "The Functions host refuses this path before the app.");
        await using var host = await StartAsync();

        using var answer = await host.Stranger.GetAsync(path, Cancelled);

        Assert.True(answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.BadRequest, $"{path} is answered {answer.StatusCode}.");
        if (answer.StatusCode == HttpStatusCode.NotFound)
            Assert.Equal("urn:fopwatch:problem:not-found", (await ServedHost.ProblemAsync(answer)).Type);
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("DELETE")]
    [InlineData("PUT")]
    public async Task The_files_are_read_only(string method)
    {
        await using var host = await StartAsync();
        using var request = new HttpRequestMessage(new(method), "/ui/index.html");

        using var answer = await host.Stranger.SendAsync(request, Cancelled);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
        Assert.Equal("urn:fopwatch:problem:method-not-allowed", (await ServedHost.ProblemAsync(answer)).Type);
    }

    private static byte[] Decompressed(byte[] body, string? coding)
    {
        using var compressed = new MemoryStream(body);
        using Stream reader = coding switch
        {
            "br" => new BrotliStream(compressed, CompressionMode.Decompress),
            "gzip" => new GZipStream(compressed, CompressionMode.Decompress),
            _ => compressed,
        };
        using var whole = new MemoryStream();
        reader.CopyTo(whole);
        return whole.ToArray();
    }

    private static string DashboardFolder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (Path.Combine(folder.FullName, "src", "FopWatch.Api", "Dashboard") is var dashboard && Directory.Exists(dashboard))
                return dashboard;
        }

        throw new DirectoryNotFoundException("The dashboard's files are not in the tests' folder.");
    }
}
