/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "smtp-recipient-list.h"

struct _SmtpRecipientList
{
  GObject    parent_instance;
  GPtrArray *recipients;
};

static void smtp_recipient_list_model_init (GListModelInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SmtpRecipientList, smtp_recipient_list, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, smtp_recipient_list_model_init))

static GType
smtp_recipient_list_get_item_type (GListModel *model)
{
  return SMTP_TYPE_RECIPIENT;
}

static guint
smtp_recipient_list_get_n_items (GListModel *model)
{
  return SMTP_RECIPIENT_LIST (model)->recipients->len;
}

static gpointer
smtp_recipient_list_get_item (GListModel *model,
                              guint       position)
{
  GPtrArray *recipients = SMTP_RECIPIENT_LIST (model)->recipients;

  return position < recipients->len ? g_object_ref (g_ptr_array_index (recipients, position)) : NULL;
}

static void
smtp_recipient_list_model_init (GListModelInterface *interface)
{
  interface->get_item_type = smtp_recipient_list_get_item_type;
  interface->get_n_items = smtp_recipient_list_get_n_items;
  interface->get_item = smtp_recipient_list_get_item;
}

static void
smtp_recipient_list_finalize (GObject *object)
{
  g_ptr_array_unref (SMTP_RECIPIENT_LIST (object)->recipients);
  G_OBJECT_CLASS (smtp_recipient_list_parent_class)->finalize (object);
}

static void
smtp_recipient_list_class_init (SmtpRecipientListClass *class)
{
  G_OBJECT_CLASS (class)->finalize = smtp_recipient_list_finalize;
}

static void
smtp_recipient_list_init (SmtpRecipientList *self)
{
  self->recipients = g_ptr_array_new_with_free_func (g_object_unref);
}

SmtpRecipientList *
smtp_recipient_list_new (void)
{
  return g_object_new (SMTP_TYPE_RECIPIENT_LIST, NULL);
}

void
smtp_recipient_list_append (SmtpRecipientList *self,
                            SmtpRecipient     *recipient)
{
  g_ptr_array_add (self->recipients, g_object_ref (recipient));
  g_list_model_items_changed (G_LIST_MODEL (self), self->recipients->len - 1, 0, 1);
}
