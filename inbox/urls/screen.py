"""The single screen, its fragments and actions."""

from django.urls import URLPattern, URLResolver, path

from inbox.views import actions, conversation, live, menus, notifications, palette, preferences, saved_views, screen

urlpatterns: list[URLPattern | URLResolver] = [
    path("", screen.home, name="home"),
    path("inbox/<slug:brand>/", screen.brand_home, name="brand_home"),
    path("inbox/<slug:brand>/palette/", palette.palette, name="palette"),
    path("inbox/<slug:brand>/figures/", live.figures, name="figures"),
    path("inbox/<slug:brand>/colleagues/", screen.colleagues, name="colleagues"),
    path("inbox/<slug:brand>/colleagues/<int:pk>/offer-back/", actions.offer_back, name="offer_back"),
    path("inbox/<slug:brand>/views/", saved_views.views, name="views"),
    path("inbox/<slug:brand>/views/counts/", saved_views.view_counts, name="view_counts"),
    path("inbox/<slug:brand>/do/<slug:action>/", actions.many, name="do_many"),
    path("inbox/<slug:brand>/<slug:queue>/", screen.screen, name="list"),
    path("inbox/<slug:brand>/<slug:queue>/rows/", live.rows, name="rows"),
    path("inbox/<slug:brand>/<slug:queue>/menus/<slug:name>/", menus.of_list, name="list_menu"),
    path("inbox/<slug:brand>/<slug:queue>/<int:pk>/", conversation.screen, name="open"),
    path("views/<int:pk>/", saved_views.saved_view, name="view"),
    path("views/<int:pk>/change/", saved_views.change_view, name="change_view"),
    path("views/<int:pk>/delete/", saved_views.delete_view, name="delete_view"),
    path("conversations/<int:pk>/", conversation.address, name="conversation"),
    path("conversations/<int:pk>/timeline/", conversation.stretch, name="timeline"),
    path("conversations/<int:pk>/head/", conversation.head, name="head"),
    path("conversations/<int:pk>/menus/<slug:name>/", menus.of_conversation, name="menu"),
    path("conversations/<int:pk>/present/", live.present, name="present"),
    path("conversations/<int:pk>/person/note/", actions.note_person, name="note_person"),
    path("conversations/<int:pk>/do/<slug:action>/", actions.one, name="do"),
    path("undo/", actions.undo, name="undo"),
    path("notifications/", notifications.bell, name="notifications"),
    path("notifications/read/", notifications.read, name="notifications_read"),
    path("preferences/", preferences.preferences, name="preferences"),
    path("preferences/again/", preferences.again, name="logged_in_again"),
    path("preferences/theme/", preferences.theme, name="theme"),
    path("preferences/language/", preferences.language, name="language"),
    path("preferences/shift/", preferences.shift, name="shift"),
]
